//! `POST /v1/organization/invitations/{id}/resend`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_identity::{CredentialLimits, Limit, resend_invitation};
use bulkhead_kernel::id::InvitationId;
use bulkhead_kernel::{Caller, CorrelationId};
use http::StatusCode;
use serde::Deserialize;

use super::{Mailing, answer};

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    #[serde(default)]
    show_link: bool,
}

/// Mails an invitation once more, with another link.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<InvitationId>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(
        &limits,
        Limit::InvitationUser,
        &caller.user.to_string(),
        resend(&api, &caller, &limits, (id, body), &correlation),
    )
    .await
}

async fn resend(
    api: &Api,
    caller: &Caller,
    limits: &CredentialLimits,
    (id, body): (InvitationId, Body),
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let (terms, mailing) = (api.lifetimes().await?.invitation, Mailing::of(api).await?);
    let mail = mailing.under(limits);
    let issued = resend_invitation(&api.ports, caller, &terms, &mail, id, correlation).await?;
    Ok(answer(StatusCode::OK, &issued, body.show_link))
}
