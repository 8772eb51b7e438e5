//! Secrets at rest, and the commands around them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bulkhead_system_tests::{Ended, Host, Setup, program, run, run_with_input};
use serde_json::{Value, json};

const SECRET: &str = "ghp_Zq8xN0tInAnyLog1234567890abcdefghij";

/// Runs `bulkhead secrets` in this setup.
async fn secrets(setup: &Setup, arguments: &[&str], input: &str) -> Ended {
    let arguments = [&["secrets"], arguments].concat();
    run_with_input(&mut setup.other_command(&arguments), input).await
}

/// The same, where it must work and keep quiet about the secret.
async fn works(setup: &Setup, arguments: &[&str], input: &str) -> Ended {
    let ended = secrets(setup, arguments, input).await;
    assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.errors);
    assert_quiet(&ended);
    ended
}

/// The same, where it must be refused with these words.
async fn refused(setup: &Setup, arguments: &[&str], input: &str, words: &[&str]) {
    let ended = secrets(setup, arguments, input).await;
    assert_ne!(ended.status.code(), Some(0), "{arguments:?} was not refused");
    assert_quiet(&ended);
    for word in words {
        assert!(ended.errors.contains(word), "{word:?} is not in: {}", ended.errors);
    }
}

fn assert_quiet(ended: &Ended) {
    assert!(!ended.output.contains(SECRET) && !ended.errors.contains(SECRET), "{ended:?}");
}

async fn listed(setup: &Setup) -> Vec<Value> {
    let output = works(setup, &["list", "--json"], "").await.output;
    let items: Value = serde_json::from_str(&output).expect("the list is JSON");
    items.as_array().expect("a list").clone()
}

async fn migrated() -> Setup {
    let setup = Setup::up().await;
    let ended = run(&mut setup.other_command(&["migrate"])).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    setup
}

/// What a secret looks like wherever it could be: as it is, in hexadecimal, and inside base64 at each of three places.
fn spellings(secret: &str) -> Vec<String> {
    let mut spellings = vec![secret.to_owned(), hex::encode(secret), hex::encode_upper(secret)];
    for shift in 0..3 {
        for engine in [STANDARD, URL_SAFE] {
            let encoded = engine.encode(format!("{}{secret}", " ".repeat(shift)));
            // Without what the neighbours have a part in.
            let start = (shift * 8).div_ceil(6);
            spellings.push(encoded.trim_end_matches('=')[start..encoded.trim_end_matches('=').len() - 1].to_owned());
        }
    }
    spellings
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_set_listed_rotated_and_removed_while_a_host_serves() {
    let host = Setup::up().await.arguments(&["--log", "trace"]).start().await;
    let setup = host.setup();
    assert_eq!(works(setup, &["list"], "").await.output.trim(), "default has no secrets");
    let stored = works(setup, &["set", "prometheus", "token", "--log", "trace"], &format!("{SECRET}\n")).await;
    assert!(stored.errors.contains("prometheus/token is stored for default"), "{}", stored.errors);
    assert!(!stored.errors.contains("note: no connector"), "{}", stored.errors);
    let stored = works(setup, &["set", "git-lab", "client_secret"], SECRET).await;
    assert!(stored.errors.contains("note: no connector \"git-lab\""), "{}", stored.errors);

    let before = listed(setup).await;
    let names = |items: &[Value]| items.iter().map(|item| item["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), ["client_secret", "token"]);
    assert_eq!(before[1]["connector"], "prometheus");
    let table = works(setup, &["list"], "").await.output;
    let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["CONNECTOR", "NAME", "STORED", "VAULT", "KEY"]);
    assert_eq!(lines[2][..2], ["prometheus", "token"]);

    let rotated = works(setup, &["rotate-key", "--json", "--log", "trace"], "").await;
    let rotated: Value = serde_json::from_str(&rotated.output).expect("the result is JSON");
    assert_eq!((&rotated["rewrapped"], &rotated["retired"]), (&json!(2), &json!([before[0]["key"]])));
    let after = listed(setup).await;
    assert!(after.iter().all(|item| item["key"] == rotated["primary"] && item["key"] != before[0]["key"]), "{after:?}");
    assert_eq!(after[0]["updated_at"], before[0]["updated_at"]);
    let shown = works(setup, &["rotate-key"], "").await;
    assert!(shown.output.contains("2 secrets were wrapped anew"), "{}", shown.output);
    assert!(shown.errors.contains("2 of 2 secrets have the new key"), "{}", shown.errors);

    works(setup, &["remove", "git-lab", "client_secret"], "").await;
    refused(setup, &["remove", "git-lab", "client_secret"], "", &["has no secret git-lab/client_secret"]).await;
    assert_eq!(names(&listed(setup).await), ["token"]);
    assert_audited(&host).await;
    assert!(!host.log().contains(SECRET), "the secret is in the host's log");
}

async fn assert_audited(host: &Host) {
    for (action, times) in [("secret.put", 2), ("secret.rotate", 4), ("secret.remove", 1)] {
        let events = host.audit(&format!("action={action}")).await;
        assert_eq!(events.len(), times, "{action}: {events:#?}");
        for event in events {
            assert_eq!((&event["outcome"], &event["actor"]["type"]), (&json!("succeeded"), &json!("operator")));
            assert_eq!(event["target"]["type"], "secret");
            assert!(!event.to_string().contains(SECRET), "{event:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_the_database_has_no_secret_and_no_key() {
    let setup = migrated().await;
    works(&setup, &["set", "github", "token"], SECRET).await;
    works(&setup, &["set", "github", "token"], &format!("{SECRET}-two")).await;
    works(&setup, &["rotate-key"], "").await;
    let dump = setup.database().dump(&setup.data_dir()).await;
    assert!(contains(&dump, "connector:github"), "the dump has no secrets at all");
    let keys = fs::read_to_string(setup.data_dir().join("vault.keys")).expect("the host has made its keys");
    let keys = keys.lines().filter(|line| line.starts_with("bhvk_"));
    let digits: Vec<_> = keys.map(|key| key.rsplit('_').next().expect("a key has digits").to_owned()).collect();
    assert_eq!(digits.len(), 1);
    for spelling in spellings(SECRET).iter().chain(&digits) {
        assert!(!contains(&dump, spelling), "{spelling} is in the dump");
    }
    // The search finds what is there.
    assert!(spellings("connector:github").iter().any(|spelling| contains(&dump, spelling)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let setup = migrated().await;
    refused(&setup, &["set", "github", "token", SECRET], "", &["read from standard input"]).await;
    refused(&setup, &["set", "github", SECRET], "", &["not the name of a secret"]).await;
    refused(&setup, &["set", SECRET, "token"], "", &["not a connector's name"]).await;
    refused(&setup, &["remove", "github", SECRET], "", &["not the name of a secret"]).await;
    assert_eq!(listed(&setup).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_no_secret_is_refused() {
    let setup = migrated().await.config("[vault]\nmax_secret_bytes = 39\n");
    refused(&setup, &["set", "github", "token"], "", &["is empty"]).await;
    refused(&setup, &["set", "github", "token"], "\n", &["is empty"]).await;
    refused(&setup, &["set", "github", "token"], &format!("{SECRET}x\n"), &["39 bytes", "max_secret_bytes"]).await;
    works(&setup, &["set", "github", "token"], &format!("{SECRET}\n")).await;
    let nobody = Setup::up().await;
    refused(&nobody, &["set", "github", "token"], SECRET, &["bulkhead migrate"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_asked_and_does_not_show_what_is_typed() {
    let setup = migrated().await;
    // It types when the terminal no longer shows what is typed, and gives all that was shown.
    let script = "import os, pty, sys, termios, time\n\
                  pid, terminal = pty.fork()\n\
                  if pid == 0: os.execv(sys.argv[2], sys.argv[2:])\n\
                  while termios.tcgetattr(terminal)[3] & termios.ECHO: time.sleep(0.01)\n\
                  os.write(terminal, sys.argv[1].encode() + b'\\n')\n\
                  shown = b''\n\
                  try:\n\
                  \x20   while part := os.read(terminal, 1000): shown += part\n\
                  except OSError: pass\n\
                  sys.stdout.write(shown.decode())\n\
                  sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n";
    let line = setup.other_command(&["secrets", "set", "github", "token"]);
    let mut python = program("BULKHEAD_PYTHON");
    python.args(["-c", script, SECRET]).arg(line.get_program()).args(line.get_args()).env_clear();
    python.envs(line.get_envs().filter_map(|(name, value)| Some((name, value?))));
    python.current_dir(setup.folder());
    let ended = run(&mut python).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.output.contains("github/token (not shown): "), "{}", ended.output);
    assert_quiet(&ended);
    assert_eq!(listed(&setup).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisation_has_to_be_clear() {
    let setup = migrated().await;
    let second = "INSERT INTO organizations (id, slug, name, created_at) \
                  VALUES ('0192d3a4-7b1c-7f00-8000-000000000000', 'acme', 'Acme', 0)";
    setup.database().execute(&setup.data_dir(), second).await;
    refused(&setup, &["set", "github", "token"], SECRET, &["acme, default", "--organization"]).await;
    refused(&setup, &["list"], "", &["--organization"]).await;
    refused(&setup, &["list", "--organization", "nobody"], "", &["no organisation \"nobody\""]).await;
    works(&setup, &["set", "github", "token", "--organization", "acme"], SECRET).await;
    let list = async |slug| works(&setup, &["list", "--json", "--organization", slug], "").await.output;
    assert!(list("acme").await.contains("token"));
    assert_eq!(list("default").await.trim(), "[]");
    refused(&setup, &["remove", "github", "token", "--organization", "default"], "", &["has no secret"]).await;
    works(&setup, &["remove", "github", "token", "--organization", "acme"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_makes_its_keys_and_does_not_start_without_those_that_it_needs() {
    let mut host = Setup::up().await.start().await;
    let keys = host.data_dir().join("vault.keys");
    let mode = |mode| fs::set_permissions(&keys, fs::Permissions::from_mode(mode)).expect("the mode can be changed");
    assert_eq!(fs::metadata(&keys).expect("the host has made its keys").permissions().mode() & 0o7777, 0o600);
    works(host.setup(), &["set", "github", "token"], SECRET).await;
    host.signal("INT");
    host.wait().await;

    mode(0o644);
    let said = host.setup().refusal().await;
    assert!(said.contains("mode 0644") && said.contains("chmod 600"), "{said}");
    mode(0o600);
    let kept = host.data_dir().join("kept");
    fs::rename(&keys, &kept).expect("moves");
    let said = host.setup().refusal().await;
    assert!(said.contains("put it there from the machine or backup"), "{said}");
    refused(host.setup(), &["rotate-key"], "", &["put it there from the machine or backup"]).await;
    assert!(!keys.exists(), "another key was made");
    fs::rename(&kept, &keys).expect("moves");
    host.start_again().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_may_be_in_a_named_file_or_in_the_environment() {
    let setup = migrated().await.config("[vault]\nkey_file = 'mounted.keys'\n");
    refused(&setup, &["set", "github", "token"], SECRET, &["mounted.keys is missing", "generate-key"]).await;
    let generate = async || works(&setup, &["generate-key"], "").await.output.trim().to_owned();
    let (first, second) = (generate().await, generate().await);
    assert!(first.starts_with("bhvk_") && first != second);
    let file = setup.folder().join("mounted.keys");
    fs::write(&file, &first).expect("a file can be written");
    refused(&setup, &["set", "github", "token"], SECRET, &["mode 0644"]).await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the mode can be changed");
    works(&setup, &["set", "github", "token"], SECRET).await;
    assert!(!setup.data_dir().join("vault.keys").exists());

    let with_variable = async |value: &str, arguments: &[&str]| {
        let mut command = setup.other_command(&[&["secrets"], arguments].concat());
        let ended = run_with_input(command.env("BULKHEAD_VAULT_KEYS", value), SECRET).await;
        assert_quiet(&ended);
        ended
    };
    fs::remove_file(&file).expect("it was there");
    let ended = with_variable(&second, &["set", "github", "token"]).await;
    assert!(ended.errors.contains("BULKHEAD_VAULT_KEYS has it not"), "{}", ended.errors);
    let ended = with_variable(&first, &["rotate-key"]).await;
    assert!(ended.errors.contains("which can't be changed from here"), "{}", ended.errors);
    let ended = with_variable(&format!("{second}\n{first}"), &["rotate-key"]).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    assert!(ended.errors.contains("may now be removed"), "{}", ended.errors);
    let ended = with_variable(&second, &["set", "github", "token"]).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_seals_is_printed_without_a_database() {
    let setup = Setup::up().await;
    refused(&setup, &["sealing-key"], "", &["vault.keys", "is missing"]).await;
    let before = setup.data_dir().read_dir().map_or(0, Iterator::count);
    let key = works(&setup, &["generate-key"], "").await.output;
    let path = setup.data_dir().join("vault.keys");
    fs::create_dir_all(setup.data_dir()).expect("a folder");
    fs::write(&path, key).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the mode can be changed");
    assert!(works(&setup, &["sealing-key"], "").await.output.starts_with("bhvs_"));
    assert_eq!(setup.data_dir().read_dir().expect("a folder").count(), before + 1);
}
