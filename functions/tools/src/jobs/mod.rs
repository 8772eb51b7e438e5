//! `/v1/jobs`: calls of tools, and what became of them.

pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_events;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_execution::Job;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

/// 202: it goes on, and this is where to look.
fn accepted(job: Job) -> Response {
    let location = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id));
    let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
