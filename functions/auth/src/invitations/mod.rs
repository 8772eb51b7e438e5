//! `/v1/organization/invitations`, and taking one.

pub(crate) mod accept;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod resend;
pub(crate) mod revoke;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Problem};
use bulkhead_identity::{CredentialLimits, IdentityKey, InvitationMail, IssuedInvitation};
use http::StatusCode;
use serde_json::json;

/// What mailing invitations takes of what the operator has set.
struct Mailing {
    key: IdentityKey,
    public_url: String,
}

impl Mailing {
    async fn of(api: &Api) -> Result<Self, Problem> {
        Ok(Self { key: api.identity_key().await?, public_url: api.public_url().await? })
    }

    fn under<'a>(&'a self, limits: &'a CredentialLimits) -> InvitationMail<'a> {
        InvitationMail { key: &self.key, public_url: &self.public_url, limits }
    }
}

/// The invitation; its token and link only for whoever asks, to bring them to whom they are for by themselves.
fn answer(status: StatusCode, issued: &IssuedInvitation, show_link: bool) -> Response {
    let mut body = json!({ "invitation": issued.invitation });
    if show_link {
        body["token"] = json!(issued.token.expose());
        body["link"] = json!(issued.link.expose());
    }
    (status, Json(body)).into_response()
}
