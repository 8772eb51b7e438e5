//! Clients whose id is the URL of their metadata (draft-ietf-oauth-client-id-metadata-document).

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::Timestamp;
use url::Url;

use super::metadata::ClientMetadata;
use super::model::{Client, ClientKind, TokenAuthMethod};
use crate::error::{Code, OAuthError};
use crate::policy::Policy;

/// A document as it was found.
#[derive(Clone, Debug)]
pub struct Document {
    /// The JSON text.
    pub text: String,
    /// How long its server says that it may be kept.
    pub max_age: Option<Duration>,
}

/// Why a document can't be had. What its server said is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not there, too large, too slow, or at an address where nobody may be sent.
    #[error("the client's metadata document can't be read")]
    Refused,
    /// Documents can't be asked for at the moment, or at all here.
    #[error("metadata documents can't be asked for now: {0}")]
    Unavailable(String),
}

/// Gets documents from wherever strangers say. Whoever implements it sees to it that this reaches public addresses alone,
/// follows no redirect, and takes neither long nor much.
#[async_trait]
pub trait ClientDocuments: Send + Sync {
    /// The document at this https URL.
    async fn fetch(&self, url: &str) -> Result<Document, DocumentError>;
}

/// Whether a client's id is a URL of metadata: https, with a path, without user, fragment and dot segments.
pub(super) fn is_document_url(id: &str, policy: &Policy) -> bool {
    if id.len() > policy.uri_bytes || !id.starts_with("https://") {
        return false;
    }
    // Written as a browser would: what the parser changes, such as `..` or a default port, has two spellings.
    Url::parse(id).is_ok_and(|url| {
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        plain && url.has_host() && url.path() != "/" && url.query().is_none() && url.as_str() == id
    })
}

/// The client that a document describes.
pub(super) fn read(url: &str, document: &Document, policy: &Policy, now: Timestamp) -> Result<Client, OAuthError> {
    let refused = |description| OAuthError::new(Code::InvalidClient, description);
    let metadata: ClientMetadata = serde_json::from_str(&document.text)
        .map_err(|_| refused("the client's metadata document is not a JSON object of client metadata"))?;
    if metadata.client_id.as_deref() != Some(url) {
        return Err(refused("the client's metadata document has another client_id than its URL"));
    }
    if metadata.client_secret.is_some() {
        return Err(refused("the client's metadata document has a secret, which everybody can read"));
    }
    let (id, none) = (url.to_owned(), TokenAuthMethod::None);
    let mut client = metadata
        .into_client(id, ClientKind::Document, none, policy, now)
        .map_err(|error| OAuthError { code: Code::InvalidClient, ..error })?;
    if client.auth_method != TokenAuthMethod::None {
        return Err(refused(
            "a client with a metadata document has no secret: token_endpoint_auth_method must be none",
        ));
    }
    let (least, most) = policy.document_cache;
    let keep = document.max_age.unwrap_or(least).clamp(least, most);
    client.expires_at = Some(now.plus(keep));
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example.com/client.json";

    fn of(text: &str, max_age: Option<u64>) -> Result<Client, OAuthError> {
        let document = Document { text: text.to_owned(), max_age: max_age.map(Duration::from_secs) };
        read(URL, &document, &Policy::default(), Timestamp::from_millis(0))
    }

    #[test]
    fn an_id_is_the_url_of_a_document_in_one_spelling() {
        let policy = Policy::default();
        for id in [URL, "https://app.example.com:8443/a/b"] {
            assert!(is_document_url(id, &policy), "{id}");
        }
        for id in [
            "https://app.example.com",
            "https://app.example.com/",
            "http://app.example.com/client.json",
            "https://you@app.example.com/client.json",
            "https://app.example.com/client.json#a",
            "https://app.example.com/client.json?a",
            "https://app.example.com/a/../client.json",
            "https://app.example.com:443/client.json",
            "https://APP.example.com/client.json",
            "0192d3a4-7b1c-7f00-8000-000000000000",
            "",
        ] {
            assert!(!is_document_url(id, &policy), "{id}");
        }
    }

    #[test]
    fn a_document_describes_its_own_url_and_keeps_no_secret() {
        let good =
            format!(r#"{{"client_id":"{URL}","client_name":"App","redirect_uris":["https://app.example.com/cb"]}}"#);
        let client = of(&good, None).expect("a client");
        assert_eq!((client.name.as_str(), client.auth_method), ("App", TokenAuthMethod::None));
        for wrong in [
            "[]".to_owned(),
            "no JSON".to_owned(),
            good.replace("client.json", "other.json"),
            good.replace("}", r#","client_secret":"x"}"#),
            good.replace("}", r#","token_endpoint_auth_method":"client_secret_basic"}"#),
            good.replace("https://app.example.com/cb", "http://app.example.com/cb"),
            good.replace(r#"["https://app.example.com/cb"]"#, "[]"),
        ] {
            assert_eq!(of(&wrong, None).map_err(|error| error.code).err(), Some(Code::InvalidClient), "{wrong}");
        }
        for (max_age, seconds) in [(None, 300), (Some(0), 300), (Some(3600), 3600), (Some(1 << 40), 86400)] {
            let expiry = of(&good, max_age).expect("a client").expires_at.expect("an expiry");
            assert_eq!(expiry, Timestamp::from_millis(seconds * 1000), "{max_age:?}");
        }
    }
}
