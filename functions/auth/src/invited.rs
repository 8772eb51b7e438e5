//! `POST /v1/auth/sign-up/invited`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Audience, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{
    InvitationError, InvitedAccount, Limit, NewSession, OpaqueToken, OpenError, PasswordCost, SessionTerms,
    SignUpError, Tokens, open_session, sign_up_invited, verification_steps,
};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Scopes, Secret};
use serde::Deserialize;

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
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Invited>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::TokenAddress, &origin.counted()).await?;
    let new = InvitedAccount { token: body.token, name: body.name, password: Secret::new(body.password) };
    let terms = api.lifetimes().await?.session;
    let joined = join(&api, origin, new, (terms, None), &correlation).await;
    left.tell(joined.map(|tokens| tokens::answer(&tokens)))
}

/// Makes the account with its session, which a browser keeps if there is a cookie for it, and mails a link that proves the
/// address: whoever gave the invitation may have its token too.
pub(crate) async fn join(
    api: &Api,
    Origin(origin): Origin,
    new: InvitedAccount,
    (terms, browser): (SessionTerms, Option<&OpaqueToken>),
    correlation: &CorrelationId,
) -> Result<Tokens, Problem> {
    let made = sign_up_invited(&api.ports, new, PasswordCost::default(), correlation).await?;
    let (issuer, key, user) = (api.public_url().await?, api.identity_key().await?, made.membership.user);
    let mut steps = made.steps;
    steps.extend(verification_steps(&api.ports, &key, &issuer, user, &made.email));
    let session = NewSession {
        membership: &made.membership,
        issuer: &issuer,
        audience: &Audience::Rest.of(&issuer),
        scopes: Scopes::Everything,
        client: None,
        origin,
        browser,
    };
    let keys = api.signing_keys().await?;
    match open_session(&api.ports, &keys, &terms, session, "invitation", steps, correlation).await {
        Ok(opened) => Ok(opened),
        // Somebody else has just taken it.
        Err(OpenError::Sql(SqlError::UnexpectedRows { .. })) => Err(InvitationError::Unknown.into()),
        Err(error) => Err(SignUpError::from(error).into()),
    }
}
