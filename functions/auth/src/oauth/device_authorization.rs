//! `POST /oauth/device_authorization` (RFC 8628, section 3.1)

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{
    DeviceAuthorization, Failure, Parameters, Policy, PresentedClient, authenticate_client, begin_device,
};
use bulkhead_http_api::{Api, Correlation, Origin, Problem, Query};
use bulkhead_identity::Limit;
use bulkhead_kernel::CorrelationId;
use http::HeaderMap;
use serde_json::{Value, json};

use super::answer::{self, Form};
use super::documents::HostDocuments;
use super::{device, policy};

/// Gives a device its two codes.
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
    let (issuer, policy) = (api.public_url().await?, policy(&api).await?);
    let begun = begin(&api, &policy, &issuer, &headers, &form, &correlation).await;
    left.tell(answer::answer(begun.map(|begun| Json(body(&issuer, &begun)).into_response())))
}

async fn begin(
    api: &Api,
    policy: &Policy,
    issuer: &str,
    headers: &HeaderMap,
    form: &Parameters,
    correlation: &CorrelationId,
) -> Result<DeviceAuthorization, Failure> {
    let presented = PresentedClient::read(answer::authorization(headers)?, form)?;
    let documents = HostDocuments::new(api, correlation);
    let client = authenticate_client(&api.ports, &documents, policy, &presented).await?;
    begin_device(&api.ports, policy, issuer, &client, form).await
}

fn body(issuer: &str, begun: &DeviceAuthorization) -> Value {
    let (page, code) = (format!("{issuer}{}", device::PATH), begun.user_code.expose());
    json!({
        "device_code": begun.device_code.expose(),
        "user_code": code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={code}"),
        "expires_in": begun.expires_in.as_secs(),
        "interval": begun.interval.as_secs(),
    })
}
