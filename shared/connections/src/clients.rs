//! What the operator has registered with providers.
//!
//! A JSON object: `{"github": {"client_id": "…", "client_secret": "…"}}`. The names are those of providers, or of connectors
//! that say themselves where their tokens come from. A public client has no secret.

use std::collections::BTreeMap;

use bulkhead_kernel::Secret;
use serde::Deserialize;

/// A client that is registered with a provider.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// Its id. Not secret.
    pub id: String,
    /// Its secret; absent for a public client.
    pub secret: Option<Secret>,
}

/// The clients by name.
#[derive(Clone, Debug, Default)]
pub struct OauthClients(BTreeMap<String, OauthClient>);

/// A text is not a set of clients. It is not repeated, because secrets are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "OAuth clients are a JSON object such as {{\"github\": {{\"client_id\": \"…\", \"client_secret\": \"…\"}}}}; line {line}, \
     column {column} is not"
)]
pub struct InvalidOauthClients {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    client_id: String,
    client_secret: Option<String>,
}

impl OauthClients {
    /// Reads them. An empty text has none.
    ///
    /// # Errors
    /// [`InvalidOauthClients`].
    pub fn parse(text: &str) -> Result<Self, InvalidOauthClients> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let read: BTreeMap<String, Written> = serde_json::from_str(text)
            .map_err(|error| InvalidOauthClients { line: error.line(), column: error.column() })?;
        let client = |written: Written| OauthClient {
            id: written.client_id,
            secret: written.client_secret.filter(|secret| !secret.is_empty()).map(Secret::new),
        };
        Ok(Self(read.into_iter().map(|(name, written)| (name, client(written))).collect()))
    }

    /// The client of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OauthClient> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_read_by_name_and_never_shown() {
        let text = r#"{"github": {"client_id": "a", "client_secret": "hunter2hunter2"}, "mine": {"client_id": "b"}}"#;
        let clients = OauthClients::parse(text).expect("clients");
        let github = clients.get("github").expect("is there");
        assert_eq!(github.secret.as_ref().map(Secret::expose), Some("hunter2hunter2"));
        assert!(clients.get("mine").is_some_and(|client| client.secret.is_none()));
        assert!(clients.get("gitlab").is_none());
        assert!(!format!("{clients:?}").contains("hunter2"));
        assert!(OauthClients::parse(" \n").expect("none").get("github").is_none());
    }

    #[test]
    fn what_is_no_set_of_clients_is_refused_and_not_repeated() {
        for text in ["hunter2", "[]", r#"{"a": {"secret": "hunter2"}}"#, r#"{"a": "hunter2"}"#] {
            let error = OauthClients::parse(text).expect_err(text).to_string();
            assert!(error.contains("line 1") && !error.contains("hunter2"), "{error}");
        }
    }
}
