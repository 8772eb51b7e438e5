//! Who one is to a registry: two variables of the environment, or what `docker login` wrote. Never the command line, which
//! every process of the machine can read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bulkhead_kernel::Secret;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

use super::{ArtifactReference, RegistryError};

/// The variable with the user's name.
pub(crate) const USER: &str = "BULKHEAD_REGISTRY_USER";
/// The variable with the password, or a token in its place.
pub(crate) const PASSWORD: &str = "BULKHEAD_REGISTRY_PASSWORD";

/// A user and a password.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) user: String,
    password: Secret,
    /// Where they were found.
    pub(super) place: String,
}

impl Credentials {
    pub(super) fn auth(&self) -> RegistryAuth {
        RegistryAuth::Basic(self.user.clone(), self.password.expose().to_owned())
    }

    /// The text without the password, in either of the forms in which it is sent.
    pub(super) fn hide_in(&self, text: &str) -> String {
        let password = self.password.expose();
        if password.is_empty() {
            return text.to_owned();
        }
        let encoded = BASE64_STANDARD.encode(format!("{}:{password}", self.user));
        text.replace(&encoded, "(hidden)").replace(password, "(hidden)")
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) credentials: Option<Credentials>,
    /// Whether Docker's configuration leaves this registry to a helper program.
    pub(super) has_helper: bool,
}

/// Docker's configuration, as far as it is about registries.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DockerConfig {
    auths: BTreeMap<String, DockerAuth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

/// `auth` is `user:password` in Base64, and wins over the other two.
#[derive(Default, Deserialize)]
#[serde(default)]
struct DockerAuth {
    auth: String,
    username: String,
    password: String,
}

impl Found {
    /// Those for the reference's registry.
    #[expect(clippy::disallowed_methods, reason = "credentials are not settings: a flag would also be in argv")]
    pub(super) fn for_registry(reference: &ArtifactReference) -> Result<Self, RegistryError> {
        Self::among(reference, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn among(reference: &ArtifactReference, variable: impl Fn(&str) -> Option<String>) -> Result<Self, RegistryError> {
        match (variable(USER), variable(PASSWORD)) {
            (Some(user), Some(password)) => {
                let credentials = Credentials { user, password: Secret::new(password), place: PASSWORD.to_owned() };
                return Ok(Self { credentials: Some(credentials), has_helper: false });
            }
            (Some(_), None) => return Err(RegistryError::HalfCredentials { set: USER, missing: PASSWORD }),
            (None, Some(_)) => return Err(RegistryError::HalfCredentials { set: PASSWORD, missing: USER }),
            (None, None) => {}
        }
        let folder = variable("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".docker")));
        let Some(path) = folder.map(|folder| folder.join("config.json")) else { return Ok(Self::default()) };
        let unreadable = |reason: String| RegistryError::DockerConfig { path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Secret::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        // The parser's own words may quote a password.
        let config: DockerConfig = serde_json::from_str(text.expose())
            .map_err(|error| unreadable(format!("line {} is not what Docker writes", error.line())))?;
        let registry = reference.inner().resolve_registry();
        let is_meant = |key: &&String| host(key) == registry || host(key) == reference.registry();
        let has_helper = config.creds_store.is_some() || config.cred_helpers.keys().any(|key| is_meant(&key));
        let Some((_, auth)) = config.auths.iter().find(|(key, _)| is_meant(key)) else {
            return Ok(Self { credentials: None, has_helper });
        };
        let (user, password) = match auth.auth.is_empty() {
            true => (auth.username.clone(), auth.password.clone()),
            false => decode(&auth.auth).ok_or_else(|| unreadable(format!("auths.{registry}.auth is not Base64")))?,
        };
        // `docker login` leaves an empty entry behind when a helper keeps the rest.
        let credentials = (!user.is_empty() && !password.is_empty()).then(|| Credentials {
            user,
            password: Secret::new(password),
            place: path.display().to_string(),
        });
        Ok(Self { credentials, has_helper })
    }
}

/// The host of a key, which may be a URL: `https://index.docker.io/v1/`.
fn host(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}

fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(registry: &str, variables: &[(&str, &str)]) -> Result<Found, RegistryError> {
        let reference = format!("oci://{registry}/a").parse().expect("a reference");
        Found::among(&reference, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// The same with this as Docker's configuration.
    fn docker(registry: &str, config: &str) -> Result<Found, RegistryError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("config.json"), config).expect("writes");
        found(registry, &[("DOCKER_CONFIG", folder.path().to_str().expect("a path"))])
    }

    fn pair(found: &Found) -> Option<(&str, &str)> {
        found.credentials.as_ref().map(|found| (found.user.as_str(), found.password.expose()))
    }

    #[test]
    fn the_environment_wins_and_must_be_whole() {
        let both = found("ghcr.io", &[(USER, "ann"), (PASSWORD, "hunter2"), ("DOCKER_CONFIG", "/nowhere")]);
        assert_eq!(pair(&both.expect("found")), Some(("ann", "hunter2")));
        for (set, missing) in [(USER, PASSWORD), (PASSWORD, USER)] {
            let error = found("ghcr.io", &[(set, "hunter2")]).expect_err("half").to_string();
            assert!(error.contains(missing) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn dockers_entry_for_exactly_this_registry_is_taken() {
        let config = r#"{"auths": {
            "ghcr.io": {"auth": "YW5uOmh1bnRlcjI="},
            "https://index.docker.io/v1/": {"auth": "Ym9iOmE6Yg=="},
            "localhost:5000": {"username": "eve", "password": "x"},
            "empty.example.com": {}
        }}"#;
        let of = |registry: &str| docker(registry, config).map(|found| pair(&found).map(|(u, p)| format!("{u} {p}")));
        assert_eq!(of("ghcr.io").expect("reads").as_deref(), Some("ann hunter2"));
        assert_eq!(of("docker.io").expect("reads").as_deref(), Some("bob a:b"));
        assert_eq!(of("localhost:5000").expect("reads").as_deref(), Some("eve x"));
        for other in ["localhost:5001", "ghcr.io.example.com", "empty.example.com", "index.example.com"] {
            assert_eq!(of(other).expect("reads"), None, "{other}");
        }
    }

    #[test]
    fn a_helper_is_not_asked_but_told_of() {
        assert!(docker("ghcr.io", r#"{"auths": {"ghcr.io": {}}, "credsStore": "pass"}"#).expect("reads").has_helper);
        let of = |registry| docker(registry, r#"{"credHelpers": {"ghcr.io": "gh"}}"#).expect("reads").has_helper;
        assert!(of("ghcr.io") && !of("quay.io"));
    }

    #[test]
    fn what_can_not_be_read_is_not_repeated() {
        for config in [r#"{"auths": {"ghcr.io": "hunter2"}}"#, r#"{"auths": {"ghcr.io": {"auth": "hunter2!"}}}"#] {
            let error = docker("ghcr.io", config).expect_err("refused").to_string();
            assert!(error.contains("config.json") && !error.contains("hunter2"), "{error}");
        }
        assert!(found("ghcr.io", &[("HOME", "/nowhere")]).expect("nothing").credentials.is_none());
    }

    #[test]
    fn neither_form_of_a_password_is_shown() {
        let found = found("ghcr.io", &[(USER, "ann"), (PASSWORD, "hunter2")]).expect("found");
        let credentials = found.credentials.as_ref().expect("found");
        assert_eq!(credentials.hide_in("no hunter2, no YW5uOmh1bnRlcjI="), "no (hidden), no (hidden)");
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
