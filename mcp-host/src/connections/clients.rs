//! OAuth clients that the operator has registered with providers: in a file, or in the environment.

use std::path::PathBuf;

use bulkhead_connections::{InvalidOauthClients, OauthClients};
use bulkhead_kernel::Secret;

use crate::config::ConnectionsConfig;
use crate::private_file::{self, PrivateFileError};

/// The variable that may hold them instead of a file.
pub(crate) const VARIABLE: &str = "BULKHEAD_OAUTH_CLIENTS";

/// Why the clients can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientsError {
    /// The file can't be read, or others could.
    #[error("[connections] clients_file {path}: {source}")]
    File { path: PathBuf, source: PrivateFileError },
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
            (Ok(text), _) if !text.trim().is_empty() => (VARIABLE.to_owned(), Secret::new(text)),
            (_, None) => (VARIABLE.to_owned(), Secret::new(String::new())),
            (_, Some(path)) => {
                let unread = |source| ClientsError::File { path: path.clone(), source };
                (path.display().to_string(), private_file::read(path).map_err(unread)?)
            }
        };
        let clients = OauthClients::parse(text.expose()).map_err(|source| ClientsError::Invalid { place, source })?;
        Ok(Self { clients, text })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_and_holds_clients() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("clients.json");
        let config = ConnectionsConfig { clients_file: Some(path.clone()), ..ConnectionsConfig::default() };
        let read = || Registered::read(&config).map(|read| read.clients);
        assert!(matches!(read(), Err(ClientsError::File { source: PrivateFileError::Unreadable(_), .. })));
        let write = |text: &str, mode| {
            std::fs::write(&path, text).expect("writes");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("the mode can be changed");
        };
        write(r#"{"github": {"client_id": "a", "client_secret": "b"}}"#, 0o644);
        assert!(matches!(read(), Err(ClientsError::File { source: PrivateFileError::Exposed(0o644), .. })));
        write(r#"{"github": {"client_id": "a", "client_secret": "b"}}"#, 0o600);
        assert!(read().is_ok_and(|clients| clients.get("github").is_some()));
        write("hunter2", 0o600);
        let error = read().expect_err("is no set of clients").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
