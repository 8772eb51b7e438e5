//! The providers at which one can sign in, as functions read them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use bulkhead_federation::Providers;
use bulkhead_kernel::Secret;
use serde_json::{Value, json};
use url::Url;

use crate::config::{AuthConfig, AuthProvider};
use crate::private_file;

/// The variable with the providers.
const PROVIDERS: &str = "sign_in_providers";

/// Those with a host that functions may reach besides the ones that the manifest names.
const HOSTS: [&str; 3] = ["sign_in_host", "sign_in_second_host", "sign_in_third_host"];

/// Those of whom the manifest names all that a sign-in needs.
const NAMED: [&str; 4] =
    ["https://github.com", "https://gitlab.com", "https://accounts.google.com", "https://login.microsoftonline.com"];

/// The variables for the function `auth`; none when nothing is set, so that they may come from elsewhere.
pub(super) fn variables(config: &AuthConfig) -> anyhow::Result<BTreeMap<String, Secret>> {
    if config.providers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let written: Vec<Value> = config.providers.iter().map(written).collect::<anyhow::Result<_>>()?;
    let text = Secret::new(Value::Array(written).to_string());
    let providers = Providers::parse(text.expose()).context("auth.providers")?;
    let mut origins: Vec<String> = Vec::new();
    for provider in providers.iter() {
        let origin = Url::parse(provider.issuer()).context("auth.providers")?.origin().ascii_serialization();
        if !NAMED.contains(&origin.as_str()) && !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    anyhow::ensure!(
        origins.len() <= HOSTS.len(),
        "auth.providers: functions reach {} hosts of providers besides {}; write more into allowed_outbound_hosts of \
         [component.auth] in spin.toml, and set the variable {PROVIDERS} instead of auth.providers",
        HOSTS.len(),
        NAMED.join(", ")
    );
    let hosts = HOSTS.into_iter().zip(origins).map(|(name, origin)| (name.to_owned(), Secret::new(origin)));
    Ok([(PROVIDERS.to_owned(), text)].into_iter().chain(hosts).collect())
}

/// With its secret, which is in a file of its own.
fn written(provider: &AuthProvider) -> anyhow::Result<Value> {
    let mut written = serde_json::to_value(provider).context("auth.providers")?;
    let members = written.as_object_mut().context("auth.providers")?;
    members.remove("client_secret_file");
    if let Some(path) = &provider.client_secret_file {
        members.insert("client_secret".to_owned(), json!(secret(path)?.expose()));
    }
    Ok(written)
}

fn secret(path: &Path) -> anyhow::Result<Secret> {
    let place = || format!("auth.providers: client_secret_file {}", path.display());
    let text = private_file::read(path).with_context(place)?;
    let secret = text.expose().trim();
    anyhow::ensure!(!secret.is_empty(), "{} is empty", place());
    Ok(Secret::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn variables_of(text: &str) -> Result<BTreeMap<String, Secret>, String> {
        let config: AuthConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        variables(&config).map_err(|error| format!("{error:#}"))
    }

    fn oidc(slug: &str, issuer: &str) -> String {
        format!("[[providers]]\nslug = {slug:?}\nkind = \"oidc\"\nissuer = {issuer:?}\nclient_id = \"a\"\n")
    }

    #[test]
    fn hosts_of_providers_may_be_reached_and_no_more_than_there_is_room_for() {
        let github = "[[providers]]\nslug = \"github\"\nkind = \"github\"\nclient_id = \"a\"\n";
        let set = |text: &str| variables_of(text).map(|set| set.keys().cloned().collect::<Vec<_>>());
        assert_eq!(set(""), Ok(Vec::new()));
        assert_eq!(set(github), Ok(vec![PROVIDERS.to_owned()]));
        let two = format!("{github}{}{}", oidc("a", "https://id.test/a"), oidc("b", "https://id.test/b"));
        let found = variables_of(&two).expect("variables");
        assert_eq!(found[HOSTS[0]].expose(), "https://id.test");
        assert!(!found.contains_key(HOSTS[1]));
        let many =
            |count: u8| (0..count).map(|n| oidc(&format!("p{n}"), &format!("https://{n}.test"))).collect::<String>();
        assert_eq!(set(&many(3)).map(|set| set.len()), Ok(4));
        let named = [oidc("gitlab", "https://gitlab.com"), oidc("google", "https://accounts.google.com")].concat();
        assert_eq!(set(&format!("{}{named}", many(3))).map(|set| set.len()), Ok(4));
        assert!(set(&many(4)).expect_err("too many").contains("allowed_outbound_hosts"));
        assert!(set(&oidc("a", "http://id.test")).expect_err("refused").contains("https"));
        assert!(set(&format!("{github}sign-up = true")).is_err());
    }

    #[test]
    fn the_manifest_names_them() {
        let manifest: toml::Table = toml::from_str(include_str!("../../../spin.toml")).expect("a manifest");
        let hosts = manifest["component"]["auth"]["allowed_outbound_hosts"].as_array().expect("hosts");
        for origin in NAMED {
            assert!(hosts.iter().any(|host| host.as_str() == Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_secret_is_in_a_file_that_its_owner_alone_can_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("client.secret");
        let text = format!("{}client_secret_file = {:?}\n", oidc("a", "https://id.test"), path.display().to_string());
        let write = |secret: &str, mode| {
            std::fs::write(&path, secret).expect("writes");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("the mode can be changed");
        };
        assert!(variables_of(&text).expect_err("is missing").contains("client.secret"));
        write("hunter2hunter2\n", 0o644);
        assert!(variables_of(&text).expect_err("exposed").contains("chmod 600"));
        write("\n", 0o600);
        assert!(variables_of(&text).expect_err("empty").contains("is empty"));
        write("hunter2hunter2\n", 0o600);
        let found = variables_of(&text).expect("variables");
        assert!(found[PROVIDERS].expose().contains("\"hunter2hunter2\""));
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
