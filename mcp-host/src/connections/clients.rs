//! OAuth clients that the operator has registered with providers: in a file, or in the environment.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use bulkhead_connections::{InvalidOauthClients, OauthClients};
use bulkhead_kernel::Secret;

use crate::config::ConnectionsConfig;

/// The variable that may hold them instead of a file.
const VARIABLE: &str = "BULKHEAD_OAUTH_CLIENTS";

/// Why the clients can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientsError {
    /// The file can't be read.
    #[error("[connections] clients_file {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// Others could read it.
    #[error("[connections] clients_file {path} has the mode {mode:04o}, so others can read it; run chmod 600 {path}")]
    Exposed { path: PathBuf, mode: u32 },
    /// It holds something else.
    #[error("{place}: {source}")]
    Invalid { place: String, source: InvalidOauthClients },
}

/// The clients, and their text for the functions.
pub(crate) struct Registered {
    pub(crate) clients: OauthClients,
    pub(crate) text: Secret,
}

impl Registered {
    /// Reads them, at the start: from the variable when it is set, else from the configured file.
    #[expect(clippy::disallowed_methods, reason = "a flag that clap takes from the environment would also be in argv")]
    pub(crate) fn read(config: &ConnectionsConfig) -> Result<Self, ClientsError> {
        let (place, text) = match (std::env::var(VARIABLE), &config.clients_file) {
            (Ok(text), _) if !text.trim().is_empty() => (VARIABLE.to_owned(), text),
            (_, None) => (VARIABLE.to_owned(), String::new()),
            (_, Some(path)) => {
                let unreadable = |source| ClientsError::Unreadable { path: path.clone(), source };
                let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o7777;
                if mode & 0o077 != 0 {
                    return Err(ClientsError::Exposed { path: path.clone(), mode });
                }
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                (path.display().to_string(), text)
            }
        };
        let text = Secret::new(text);
        let clients = OauthClients::parse(text.expose()).map_err(|source| ClientsError::Invalid { place, source })?;
        Ok(Self { clients, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_and_holds_clients() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("clients.json");
        let config = ConnectionsConfig { clients_file: Some(path.clone()), ..ConnectionsConfig::default() };
        let read = || Registered::read(&config).map(|read| read.clients);
        assert!(matches!(read(), Err(ClientsError::Unreadable { .. })));
        let write = |text: &str, mode| {
            std::fs::write(&path, text).expect("writes");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("the mode can be changed");
        };
        write(r#"{"github": {"client_id": "a", "client_secret": "b"}}"#, 0o644);
        assert!(matches!(read(), Err(ClientsError::Exposed { mode: 0o644, .. })));
        write(r#"{"github": {"client_id": "a", "client_secret": "b"}}"#, 0o600);
        assert!(read().is_ok_and(|clients| clients.get("github").is_some()));
        write("hunter2", 0o600);
        let error = read().expect_err("is no set of clients").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
