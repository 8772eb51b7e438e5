//! What functions ask of the host. They prove themselves with the internal key; what they ask for is recorded in the
//! database already, so all that can be asked is to look there now.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, HostError, Path, Problem, RunReply, Wait};
use bulkhead_kernel::id::JobId;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Host;

/// `POST /internal/v1/jobs/{id}/run`: runs a queued job now; 200 when it ended within `Prefer: wait=N`, else 202.
pub(super) async fn run(
    Extension(host): Extension<Host>,
    State(api): State<Api>,
    headers: HeaderMap,
    Path(id): Path<JobId>,
    wait: Wait,
    Correlation(correlation): Correlation,
) -> Result<Response, Problem> {
    admit(&host, &headers)?;
    match api.host.run(id, wait.0, &correlation).await {
        Ok(RunReply::Ended) => Ok(StatusCode::OK.into_response()),
        Ok(RunReply::StillRunning) => Ok(StatusCode::ACCEPTED.into_response()),
        Err(error) => Err(unavailable(&error)),
    }
}

/// `POST /internal/v1/jobs/{id}/cancel`: stops a job that runs here, if it does.
pub(super) async fn cancel(
    Extension(host): Extension<Host>,
    State(api): State<Api>,
    headers: HeaderMap,
    Path(id): Path<JobId>,
    Correlation(correlation): Correlation,
) -> Result<Response, Problem> {
    admit(&host, &headers)?;
    api.host.cancel(id, &correlation).await.map_err(|error| unavailable(&error))?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Compares digests, in constant time: the key's length does not show either.
fn admit(host: &Host, headers: &HeaderMap) -> Result<(), Problem> {
    let offered = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let offered = offered.ok_or_else(|| Problem::unauthenticated("no internal key"))?;
    let equal = Sha256::digest(offered).ct_eq(&Sha256::digest(host.0.internal_key.expose()));
    if bool::from(equal) { Ok(()) } else { Err(Problem::unauthenticated("another internal key")) }
}

fn unavailable(error: &HostError) -> Problem {
    use bulkhead_http_api::Kind;
    Problem::new(Kind::DatabaseUnavailable, "the job could not be looked up; it stays queued").caused_by(error)
}
