//! `POST /v1/auth/sign-up/invited`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Audience, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{
    InvitationError, InvitedAccount, NewSession, OpenError, PasswordCost, SignUpError, open_session, sign_up_invited,
};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Scopes, Secret};
use serde::Deserialize;

use crate::origin::Origin;
use crate::tokens;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invited {
    token: String,
    name: String,
    password: String,
}

/// Makes an account for whoever was invited, also where signing up is closed, and opens a session in that organisation.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    Origin(origin): Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Invited>,
) -> Result<Response, Problem> {
    let new = InvitedAccount { token: body.token, name: body.name, password: Secret::new(body.password) };
    let made = sign_up_invited(&api.ports, new, PasswordCost::default(), &correlation).await?;
    let issuer = api.public_url().await?;
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
    let opened = open_session(&api.ports, &keys, &terms, session, "invitation", made.steps, &correlation).await;
    match opened {
        Ok(opened) => Ok(tokens::answer(&opened)),
        // Somebody else has just taken it.
        Err(OpenError::Sql(SqlError::UnexpectedRows { .. })) => Err(InvitationError::Unknown.into()),
        Err(error) => Err(SignUpError::from(error).into()),
    }
}
