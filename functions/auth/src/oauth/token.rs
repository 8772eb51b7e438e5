//! `POST /oauth/token` (RFC 6749, section 3.2)

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{
    Code, Failure, GrantType, OAuthError, Parameters, PresentedClient, authenticate_client, redeem_code,
    redeem_device_code, refresh,
};
use bulkhead_http_api::{Api, Correlation, Origin, Problem, Query};
use bulkhead_identity::{Limit, SessionOrigin, SessionTerms, SigningKeys, Tokens};
use bulkhead_kernel::CorrelationId;
use http::HeaderMap;

use super::answer::{self, Form};
use super::documents::HostDocuments;
use super::policy;

/// Gives a client tokens for what it was granted.
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
    let server = Server {
        policy: policy(&api).await?,
        issuer: api.public_url().await?,
        keys: api.signing_keys().await?,
        terms: api.lifetimes().await?.session,
    };
    let granted = server.grant(&api, &headers, &form, origin.0, &correlation).await;
    left.tell(answer::answer(granted.map(|tokens| Json(answer::tokens(&tokens)).into_response())))
}

struct Server {
    policy: bulkhead_authorization::Policy,
    issuer: String,
    keys: SigningKeys,
    terms: SessionTerms,
}

impl Server {
    async fn grant(
        &self,
        api: &Api,
        headers: &HeaderMap,
        form: &Parameters,
        origin: SessionOrigin,
        correlation: &CorrelationId,
    ) -> Result<Tokens, Failure> {
        let Self { policy, issuer, keys, terms } = self;
        let ports = &api.ports;
        let grant = form.required("grant_type")?.parse::<GrantType>();
        let presented = PresentedClient::read(answer::authorization(headers)?, form)?;
        let documents = HostDocuments::new(api, correlation);
        let client = authenticate_client(ports, &documents, policy, &presented).await?;
        match grant {
            Ok(GrantType::AuthorizationCode) => {
                redeem_code(ports, keys, terms, issuer, &client, form, origin, correlation).await
            }
            Ok(GrantType::RefreshToken) => refresh(ports, keys, terms, issuer, &client, form, correlation).await,
            Ok(GrantType::DeviceCode) => {
                redeem_device_code(ports, keys, terms, policy, issuer, &client, form, origin, correlation).await
            }
            Err(()) => Err(OAuthError::new(Code::UnsupportedGrantType, "there is no such grant here").into()),
        }
    }
}
