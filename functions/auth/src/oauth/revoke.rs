//! `POST /oauth/revoke` (RFC 7009)

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{Failure, Parameters, PresentedClient, authenticate_client, revoke};
use bulkhead_http_api::{Api, Audience, Correlation, Origin, Problem, Query};
use bulkhead_identity::{Limit, TokenTerms};
use bulkhead_kernel::CorrelationId;
use http::{HeaderMap, StatusCode};

use super::answer::{self, Form};
use super::documents::HostDocuments;
use super::policy;

/// Ends the session that a client's token belongs to.
pub(super) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    Form(form): Form,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::ClientAddress, &origin.counted()).await?;
    let (terms, policy) = (terms(&api).await?, policy(&api).await?);
    let revoked = give_back(&api, &terms, &policy, &headers, &form, &correlation).await;
    left.tell(answer::answer(revoked.map(|()| StatusCode::OK.into_response())))
}

/// What tokens must be for each of our resources: a client has them for either.
pub(super) async fn terms(api: &Api) -> Result<Vec<TokenTerms>, Problem> {
    let mut all = Vec::new();
    for audience in [Audience::Mcp, Audience::Rest] {
        all.push(Api { audience, ..api.clone() }.token_terms().await?);
    }
    Ok(all)
}

async fn give_back(
    api: &Api,
    terms: &[TokenTerms],
    policy: &bulkhead_authorization::Policy,
    headers: &HeaderMap,
    form: &Parameters,
    correlation: &CorrelationId,
) -> Result<(), Failure> {
    let presented = PresentedClient::read(answer::authorization(headers)?, form)?;
    let documents = HostDocuments::new(api, correlation);
    let client = authenticate_client(&api.ports, &documents, policy, &presented).await?;
    revoke(&api.ports, terms, &client, form, correlation).await
}
