//! What functions ask of the host. They prove themselves with the internal key. Jobs that they ask to be run or canceled are
//! recorded in the database already, so that is to look there now; a document is fetched from a public address alone.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bulkhead_http_api::{
    Api, Correlation, FromQuery, HostError, Kind, Parameters, Path, Problem, Query, RunReply, Wait,
};
use bulkhead_kernel::id::JobId;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use super::{Documents, Host};

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

/// The query of a request for a client's metadata document.
pub(super) struct DocumentUrl(Option<String>);

impl FromQuery for DocumentUrl {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.text("url"))
    }
}

/// `POST /internal/v1/fetch-client-metadata?url=…`: the document at a URL that a stranger has chosen; 422 when there is none.
/// What was found out about the address is for the log alone.
pub(super) async fn fetch_client_metadata(
    Extension(host): Extension<Host>,
    headers: HeaderMap,
    Query(DocumentUrl(url)): Query<DocumentUrl>,
) -> Result<Json<serde_json::Value>, Problem> {
    admit(&host, &headers)?;
    let none = || Problem::new(Kind::InvalidBody, "there is no client metadata document at this URL");
    let url = url.and_then(|url| Url::parse(&url).ok()).ok_or_else(none)?;
    let Documents { client, limits } = &host.0.documents;
    let document = client.document(&url, *limits, false).await.map_err(|error| none().caused_by(error))?;
    Ok(Json(json!({ "text": document.text, "max_age": document.max_age.map(|age| age.as_secs()) })))
}

/// Compares digests, in constant time: the key's length does not show either.
fn admit(host: &Host, headers: &HeaderMap) -> Result<(), Problem> {
    let offered = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let offered = offered.ok_or_else(|| Problem::unauthenticated("no internal key"))?;
    let equal = Sha256::digest(offered).ct_eq(&Sha256::digest(host.0.internal_key.expose()));
    if bool::from(equal) { Ok(()) } else { Err(Problem::unauthenticated("another internal key")) }
}

fn unavailable(error: &HostError) -> Problem {
    Problem::new(Kind::DatabaseUnavailable, "the job could not be looked up; it stays queued").caused_by(error)
}
