//! `/v1/connections`: connected accounts.

pub(crate) mod body;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod reconnect;

use axum::response::Response;
use bulkhead_connections::{CreateError, FindError};
use bulkhead_http_api::{Api, Kind, Problem};
use bulkhead_identity::Limit;
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::{Caller, Fault};
use bulkhead_vault::VaultError;

/// The answer, with what is left of the limit, or the refusal of whoever has connected too often: before anything is looked at.
async fn limited(
    api: &Api,
    caller: &Caller,
    answer: impl Future<Output = Result<Response, Problem>> + Send,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(&limits, Limit::ConnectionUser, &caller.user.to_string(), answer).await
}

/// What is no id at all is nobody's.
fn id(text: &str) -> Result<ConnectionId, Problem> {
    text.parse().map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::new(Kind::UnknownConnection, "you have no connection of this id; GET /v1/connections lists yours")
}

fn refused(error: FindError) -> Problem {
    let detail = error.to_string();
    match error {
        FindError::Unknown => unknown(),
        FindError::Denied(denied) => denied.into(),
        FindError::Others => Problem::new(Kind::InsufficientRole, detail),
        FindError::InsufficientScope(_) => Problem::new(Kind::InsufficientScope, detail),
        FindError::CredentialEnded(_) => Problem::new(Kind::Unauthenticated, detail),
        FindError::NotReconnectable => Problem::new(Kind::NotReconnectable, detail),
        FindError::Sql(error) => error.into(),
    }
}

fn not_created(error: CreateError) -> Problem {
    let detail = error.to_string();
    match error {
        CreateError::Denied(denied) => denied.into(),
        CreateError::NotAllowed => Problem::new(Kind::InsufficientRole, detail),
        CreateError::InsufficientScope(_) => Problem::new(Kind::InsufficientScope, detail),
        CreateError::CredentialEnded(_) => Problem::new(Kind::Unauthenticated, detail),
        CreateError::UnknownProject => Problem::new(Kind::UnknownProject, detail),
        CreateError::AuthType(_) => invalid("/auth_type", &detail),
        CreateError::ApiKey(why) => invalid("/api_key", why),
        CreateError::Vault(VaultError::Empty) => invalid("/api_key", "is empty"),
        CreateError::Vault(VaultError::TooLarge { .. }) => invalid("/api_key", "is longer than a secret may be"),
        CreateError::Vault(VaultError::RetiredKey { .. }) => {
            let detail = "the vault has a new key; try again, and if that is no help, functions on Spin need it as vault_sealing_key";
            Problem::new(Kind::Unavailable, detail)
        }
        CreateError::Vault(error) => Problem::new(Kind::Internal, "the key could not be stored").caused_by(error),
        CreateError::NoProvider => Problem::new(Kind::Unavailable, detail),
        CreateError::Sql(error) => error.into(),
    }
}

fn invalid(pointer: &str, message: &str) -> Problem {
    let fault = Fault::new(pointer, message);
    Problem::new(Kind::InvalidBody, format!("{pointer}: {message}")).with_member("faults", [fault])
}
