//! `POST /v1/organization/invitations`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{CredentialLimits, Limit, create_invitation};
use bulkhead_kernel::{Caller, CorrelationId, Role};
use http::StatusCode;
use serde::Deserialize;

use super::{Mailing, answer};

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    email: String,
    role: Role,
    #[serde(default)]
    show_link: bool,
}

/// Invites somebody by a mail.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(
        &limits,
        Limit::InvitationUser,
        &caller.user.to_string(),
        create(&api, &caller, &limits, body, &correlation),
    )
    .await
}

async fn create(
    api: &Api,
    caller: &Caller,
    limits: &CredentialLimits,
    body: Body,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let (terms, mailing) = (api.lifetimes().await?.invitation, Mailing::of(api).await?);
    let mail = mailing.under(limits);
    let issued = create_invitation(&api.ports, caller, &terms, &mail, &body.email, body.role, correlation).await?;
    Ok(answer(StatusCode::CREATED, &issued, body.show_link))
}
