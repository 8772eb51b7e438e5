//! What happens around every handler.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bulkhead_kernel::CorrelationId;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use tracing::Instrument;

use crate::page::PagePolicy;
use crate::security::{protect, protect_further};
use crate::{Api, Kind, Problem};

const CORRELATION: HeaderName = HeaderName::from_static(CorrelationId::HEADER);

/// Marks an answer that a function has protected already, by a policy of its own where it is a page.
#[derive(Clone, Copy, Debug)]
pub struct Answered;

/// Gives the request its correlation id, and the answer that id, the security headers and, if it is a refusal, its
/// problem document. Logs a refusal, once.
pub async fn answer(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let offered = request.headers().get(CORRELATION).and_then(|value| value.to_str().ok());
    let correlation = CorrelationId::accept(offered, api.ports.entropy.as_ref());
    request.extensions_mut().insert(correlation.clone());
    let bare = request.method() == Method::HEAD;
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", method = %request.method(), path, correlation_id = %correlation);

    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        span.in_scope(|| problem.log());
        response = problem.render(&path, &correlation, bare, response);
    }
    let page = response.extensions_mut().remove::<PagePolicy>();
    match response.extensions_mut().remove::<Answered>() {
        Some(Answered) => protect_further(response.headers_mut()),
        None => protect(response.headers_mut()),
    }
    if let Some(page) = page {
        page.apply(response.headers_mut());
    }
    if let Ok(value) = HeaderValue::from_str(correlation.as_str()) {
        response.headers_mut().insert(CORRELATION, value);
    }
    response
}

/// The request's correlation id, as a handler takes it.
#[derive(Clone, Debug)]
pub struct Correlation(pub CorrelationId);

impl FromRequestParts<Api> for Correlation {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let made = parts.extensions.get::<CorrelationId>().cloned();
        made.map(Self).ok_or_else(|| {
            Problem::new(Kind::Internal, "the request has no correlation id").caused_by("a router without its layer")
        })
    }
}
