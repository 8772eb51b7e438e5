//! A registry that wants to know who asks.

use std::fs;

use bulkhead_system_tests::{Ended, Setup, run};

use super::{Registry, signed, text_of};

const PASSWORD: &str = "pull me hard";
/// bcrypt of that, as `htpasswd -B` makes it.
const HTPASSWD: &str = "ann:$2b$04$CYVuAc4kuRXdgsxwSbPwLOJaPjArHDYGBIaob33YaB2DpYK1Fv2J.\n";
/// `ann:pull me hard` and `ann:wrong guess` in Base64.
const RIGHT: &str = "YW5uOnB1bGwgbWUgaGFyZA==";
const WRONG: &str = "YW5uOndyb25nIGd1ZXNz";

async fn registry() -> Registry {
    let auth = "auth: {htpasswd: {realm: bulkhead, path: 'FOLDER/htpasswd'}}\n";
    Registry::start_with(auth, &[("htpasswd", HTPASSWD)]).await
}

/// Runs `bulkhead connector` with these variables. Nothing that it says may tell a password.
async fn connector(setup: &Setup, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = setup.other_command(&[&["connector"], arguments].concat());
    command.env("BULKHEAD_LOG", "debug");
    let ended = run(command.envs(variables.iter().copied())).await;
    for secret in [PASSWORD, RIGHT, "wrong guess", WRONG] {
        assert!(!ended.errors.contains(secret) && !ended.output.contains(secret), "{ended:?}");
    }
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_the_environment_or_docker_and_are_never_shown() {
    let registry = registry().await;
    let setup = Setup::up().await;
    let reference = registry.reference("private/signed:1");
    let folder = signed();
    let push = ["push", text_of(&folder), &reference];
    let (add, inspect) = (["add", "--replace", &reference], ["inspect", &reference]);
    let right = [("BULKHEAD_REGISTRY_USER", "ann"), ("BULKHEAD_REGISTRY_PASSWORD", PASSWORD)];
    let docker = |name: &str, auth: &str| {
        let folder = setup.folder().join(name);
        fs::create_dir(&folder).expect("a folder can be made");
        let text = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"{auth}\"}}}}}}", registry.address);
        fs::write(folder.join("config.json"), text).expect("a file can be written");
        text_of(&folder).to_owned()
    };
    let (right_folder, wrong_folder) = (docker("right", RIGHT), docker("wrong", WRONG));

    for variables in [&right[..], &[("DOCKER_CONFIG", right_folder.as_str())]] {
        for arguments in [&push[..], &add, &inspect] {
            let ended = connector(&setup, variables, arguments).await;
            assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.errors);
        }
    }
    let wrong = [("BULKHEAD_REGISTRY_USER", "ann"), ("BULKHEAD_REGISTRY_PASSWORD", "wrong guess")];
    for (variables, words) in [
        (&[][..], "refuses whoever gives no credentials"),
        (&wrong[..], "refuses the user ann with the password from BULKHEAD_REGISTRY_PASSWORD"),
        (&[("DOCKER_CONFIG", wrong_folder.as_str())], "refuses the user ann with the password from /"),
    ] {
        for arguments in [&push[..], &add, &inspect] {
            let ended = connector(&setup, variables, arguments).await;
            assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {}", ended.errors);
            let todo = format!(
                "Set BULKHEAD_REGISTRY_USER and BULKHEAD_REGISTRY_PASSWORD, or log in with `docker login {}`",
                registry.address
            );
            assert!(ended.errors.contains(words) && ended.errors.contains(&todo), "{}", ended.errors);
        }
    }
    let half = connector(&setup, &right[1..], &inspect).await;
    assert!(half.errors.contains("BULKHEAD_REGISTRY_USER is not"), "{}", half.errors);
}
