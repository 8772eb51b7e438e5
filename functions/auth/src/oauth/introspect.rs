//! `POST /oauth/introspect` (RFC 7662)

use axum::Json;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{
    Code, Failure, Introspector, OAuthError, Parameters, PresentedClient, TokenAuthMethod, authenticate_client,
    introspect,
};
use bulkhead_http_api::{Api, Correlation, Origin, Problem, Query, bearer};
use bulkhead_identity::{Limit, TokenTerms};
use bulkhead_kernel::{Caller, CorrelationId};
use http::HeaderMap;
use serde_json::Value;

use super::answer::{self, Form};
use super::documents::HostDocuments;
use super::policy;
use super::revoke::terms;

/// Says what a token is, to a client with a secret or to a caller of ours.
pub(super) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    request: Request,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(&limits, Limit::ClientAddress, &origin.counted(), introspected(&api, request, &correlation)).await
}

async fn introspected(api: &Api, request: Request, correlation: &CorrelationId) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = match bearer(&parts.headers) {
        Ok(_) => Some(Caller::from_request_parts(&mut parts, api).await?),
        Err(_) => None,
    };
    let headers = parts.headers.clone();
    let Form(form) = Form::from_request(Request::from_parts(parts, body), api).await?;
    let (terms, policy) = (terms(api).await?, policy(api).await?);
    let asking = Asking { api, terms: &terms, policy: &policy, issuer: &api.public_url().await? };
    let told = asking.tell(caller, &headers, &form, correlation).await;
    answer::answer(told.map(|body| Json(body).into_response()))
}

struct Asking<'a> {
    api: &'a Api,
    terms: &'a [TokenTerms],
    policy: &'a bulkhead_authorization::Policy,
    issuer: &'a str,
}

impl Asking<'_> {
    async fn tell(
        &self,
        caller: Option<Caller>,
        headers: &HeaderMap,
        form: &Parameters,
        correlation: &CorrelationId,
    ) -> Result<Value, Failure> {
        let ports = &self.api.ports;
        if let Some(caller) = caller {
            return introspect(ports, self.terms, self.issuer, &Introspector::Caller(&caller), form).await;
        }
        let presented = PresentedClient::read(answer::authorization(headers)?, form)?;
        let documents = HostDocuments::new(self.api, correlation);
        let client = authenticate_client(ports, &documents, self.policy, &presented).await?;
        if client.auth_method == TokenAuthMethod::None {
            // Whoever knows a public client's id could try tokens here (section 2.1).
            return Err(OAuthError::new(Code::InvalidClient, "only a client with a secret may ask").into());
        }
        introspect(ports, self.terms, self.issuer, &Introspector::Client(&client), form).await
    }
}
