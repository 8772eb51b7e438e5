//! Client id → [`Client`].

use bulkhead_kernel::Ports;

use super::document::{ClientDocuments, DocumentError, is_document_url, read};
use super::model::{Client, ClientKind};
use super::store;
use crate::error::{Code, Failure, OAuthError};
use crate::policy::Policy;

/// The client of this id. One whose id is a URL is read from there when our copy is too old, and not when it is not.
///
/// # Errors
/// `invalid_client` when there is none, `temporarily_unavailable` when its document can't be asked for now.
pub async fn find_client(
    ports: &Ports,
    documents: &dyn ClientDocuments,
    policy: &Policy,
    id: &str,
) -> Result<Client, Failure> {
    let now = ports.now();
    let unknown = || OAuthError::new(Code::InvalidClient, "there is no such client; register it again");
    // PostgreSQL has no NUL in texts, and no id has other characters than these.
    if id.len() > policy.uri_bytes || !id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unknown().into());
    }
    let known = store::find(ports.sql.as_ref(), id).await?;
    if let Some(client) = known.filter(|client| client.expires_at.is_none_or(|expiry| now < expiry)) {
        return Ok(client);
    }
    if !is_document_url(id, policy) {
        return Err(unknown().into());
    }
    let document = documents.fetch(id).await.map_err(|error| match error {
        DocumentError::Refused => OAuthError::new(Code::InvalidClient, error.to_string()),
        DocumentError::Unavailable(_) => {
            OAuthError::new(Code::TemporarilyUnavailable, "clients metadata documents can not be read now")
        }
    })?;
    let client = read(id, &document, policy, now)?;
    debug_assert_eq!(client.kind, ClientKind::Document);
    ports.sql.batch(vec![store::forget_expired(now).into(), store::put_document(&client).into()]).await?;
    Ok(client)
}
