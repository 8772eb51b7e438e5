//! `POST /v1/auth/sign-in`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Audience, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{
    NewSession, PasswordCost, SessionTerms, SignInError, check_credentials, choose_membership, open_session,
};
use bulkhead_kernel::{Scopes, Secret};
use serde::Deserialize;

use crate::origin::Origin;
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
    Origin(origin): Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let password = Secret::new(body.password);
    // What is no address belongs to nobody, and nobody learns more than that.
    let email = body.email.parse().map_err(|_| SignInError::Wrong)?;
    let user = check_credentials(&api.ports, &email, &password, PasswordCost::default()).await?;
    let membership = choose_membership(&api.ports, &user, body.organization.as_deref()).await?;
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
    let (keys, terms) = (api.signing_keys().await?, SessionTerms::default());
    let opened = open_session(&api.ports, &keys, &terms, session, "password", Vec::new(), &correlation).await?;
    Ok(tokens::answer(&opened))
}
