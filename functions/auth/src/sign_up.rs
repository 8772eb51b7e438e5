//! `POST /v1/auth/sign-up`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Audience, Correlation, JsonBody, Kind, Origin, Problem, Query};
use bulkhead_identity as identity;
use bulkhead_identity::{Limit, NewAccount, NewSession, PasswordCost, open_session};
use bulkhead_kernel::{CorrelationId, Scopes, Secret};
use serde::Deserialize;

use crate::tokens;

/// The variable that says who may.
const SIGN_UP: &str = "sign_up";

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    email: String,
    password: String,
    name: String,
    organization: Organization,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Organization {
    slug: String,
    name: String,
}

/// Makes an account with an organisation of its own, and opens a session.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<SignUp>,
) -> Result<Response, Problem> {
    if api.variable(SIGN_UP).await?.expose() != "open" {
        return Err(Problem::new(Kind::SignUpClosed, "ask an administrator of your organization to invite you"));
    }
    let limits = api.credential_limits().await?;
    api.limited(&limits, Limit::SignUpAddress, &origin.counted(), sign_up(&api, origin, body, &correlation)).await
}

async fn sign_up(
    api: &Api,
    Origin(origin): Origin,
    body: SignUp,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let account = NewAccount {
        email: body.email,
        password: Secret::new(body.password),
        name: body.name,
        organization_slug: body.organization.slug,
        organization_name: body.organization.name,
    };
    let made = identity::sign_up(&api.ports, account, PasswordCost::default())?;
    let issuer = api.public_url().await?;
    let (user, mut steps) = (made.membership.user, made.steps);
    steps.extend(identity::verification_steps(&api.ports, &api.identity_key().await?, &issuer, user, &made.email));
    let session = NewSession {
        membership: &made.membership,
        issuer: &issuer,
        audience: &Audience::Rest.of(&issuer),
        scopes: Scopes::Everything,
        client: None,
        origin,
        browser: None,
    };
    let (keys, terms) = (api.signing_keys().await?, api.lifetimes().await?.session);
    let opened = open_session(&api.ports, &keys, &terms, session, "sign-up", steps, correlation).await;
    Ok(tokens::answer(&opened.map_err(identity::SignUpError::from)?))
}
