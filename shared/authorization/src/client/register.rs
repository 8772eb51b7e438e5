//! Dynamic client registration (RFC 7591).

use bulkhead_identity::{OpaqueToken, Purpose};
use bulkhead_kernel::{Ports, Secret};
use uuid::Uuid;

use super::metadata::ClientMetadata;
use super::model::{Client, ClientKind, TokenAuthMethod};
use super::store;
use crate::error::{Code, Failure, OAuthError};
use crate::policy::Policy;

/// A client that was registered, and its secret, which is told once.
#[derive(Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Its secret, when it has one.
    pub secret: Option<Secret>,
}

/// Registers a client for whoever asks. It lasts for a day unless somebody grants it something.
///
/// # Errors
/// `invalid_redirect_uri`, `invalid_client_metadata`, or `access_denied` when registration is closed.
pub async fn register_client(ports: &Ports, policy: &Policy, metadata: ClientMetadata) -> Result<Registered, Failure> {
    if !policy.registration {
        let description = "this server registers no clients; use a client id metadata document";
        return Err(OAuthError::new(Code::AccessDenied, description).into());
    }
    let now = ports.now();
    let (id, basic) = (ports.new_id::<Uuid>().to_string(), TokenAuthMethod::ClientSecretBasic);
    let mut client = metadata.into_client(id, ClientKind::Registered, basic, policy, now)?;
    client.expires_at = Some(now.plus(policy.unused_client));
    let secret = (client.auth_method != TokenAuthMethod::None)
        .then(|| OpaqueToken::generate(Purpose::ClientSecret, ports.entropy.as_ref()));
    client.secret_hash = secret.as_ref().map(OpaqueToken::hash);
    ports.sql.batch(vec![store::forget_expired(now).into(), store::register(&client).into()]).await?;
    Ok(Registered { client, secret: secret.map(|secret| Secret::new(secret.expose().to_owned())) })
}
