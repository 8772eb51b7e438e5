//! `POST /v1/auth/sign-in`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Audience, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{
    CredentialLimits, Limit, NewSession, OpenError, PasswordCost, Presented, SignInError, User, challenge_if_needed,
    check_credentials, choose_membership, hold_password, open_session,
};
use bulkhead_kernel::{CorrelationId, Scopes, Secret};
use serde::Deserialize;

use crate::second_factor::sign_in::challenge;
use crate::tokens;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    organization: Option<String>,
}

/// Opens a session for whoever knows address and password.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(&limits, Limit::SignInAddress, &origin.counted(), sign_in(&api, &limits, origin, body, &correlation))
        .await
}

async fn sign_in(
    api: &Api,
    limits: &CredentialLimits,
    origin: Origin,
    body: SignIn,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let password = Secret::new(body.password);
    let user = known(api, limits, &origin, &body.email, &password, correlation).await?;
    if let Some(needed) = challenge_if_needed(&api.ports, &user, "password").await? {
        return Ok(challenge(&needed));
    }
    open(api, &user, body.organization.as_deref(), origin, "password", correlation).await
}

/// Opens a session for somebody who has proven who they are.
pub(crate) async fn open(
    api: &Api,
    user: &User,
    organization: Option<&str>,
    Origin(origin): Origin,
    how: &str,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let membership = choose_membership(&api.ports, user, organization).await?;
    let issuer = api.public_url().await?;
    let session = NewSession {
        membership: &membership,
        issuer: &issuer,
        audience: &Audience::Rest.of(&issuer),
        scopes: Scopes::Everything,
        client: None,
        origin,
        browser: None,
    };
    let (keys, terms) = (api.signing_keys().await?, api.lifetimes().await?.session);
    let held = vec![hold_password(user)];
    let opened = open_session(&api.ports, &keys, &terms, session, how, held, correlation).await;
    Ok(tokens::answer(&opened.map_err(not_opened)?))
}

/// Why somebody is not signed in whose password was held first.
pub(crate) fn not_opened(error: OpenError) -> Problem {
    match error {
        OpenError::Sql(error) if error.is_unexpected_rows_at(0) => SignInError::Wrong.into(),
        error => error.into(),
    }
}

/// The person with this address and password, unless their account was tried too often.
pub(crate) async fn known(
    api: &Api,
    limits: &CredentialLimits,
    origin: &Origin,
    email: &str,
    password: &Secret,
    correlation: &CorrelationId,
) -> Result<User, Problem> {
    // What is no address belongs to nobody, and nobody learns more than that.
    let email = email.parse().map_err(|_| SignInError::Wrong)?;
    let presented = Presented { email: &email, password, address: origin.0.address.as_deref() };
    Ok(check_credentials(&api.ports, presented, PasswordCost::default(), limits, correlation).await?)
}
