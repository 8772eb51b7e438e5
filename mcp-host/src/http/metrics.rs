//! `GET /metrics`.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::Host;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// OpenMetrics for whoever asks for it, as Prometheus does; the older text format for everybody else.
pub(super) async fn metrics(Extension(host): Extension<Host>, headers: HeaderMap) -> Response {
    let accepts = |value: &http::HeaderValue| value.to_str().is_ok_and(|v| v.contains("application/openmetrics-text"));
    if headers.get_all(ACCEPT).iter().any(accepts) {
        ([(CONTENT_TYPE, OPEN_METRICS)], host.0.metrics.open_metrics()).into_response()
    } else {
        ([(CONTENT_TYPE, PROMETHEUS_TEXT)], host.0.metrics.prometheus_text()).into_response()
    }
}
