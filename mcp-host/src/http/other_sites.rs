//! MCP clients that run in a browser, on a site that the operator has let in (CORS: the Fetch standard, section 3.2).
//!
//! Which `Origin` may send is the transport's to check; this lets the page read the answer. No cookie opens anything here, so
//! none is asked for.

use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, CorsLayer};

/// For how long a browser need not ask again. None keeps it for longer.
const KEPT: Duration = Duration::from_secs(7200);

/// For pages of these origins; `None` where there are none.
pub(super) fn layer(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let read = [WWW_AUTHENTICATE, RETRY_AFTER]
        .into_iter()
        .chain(["mcp-session-id", "mcp-protocol-version", "x-correlation-id"].into_iter().map(HeaderName::from_static));
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            // The protocol has headers that are named by a tool's parameters.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(read.collect::<Vec<_>>())
            .max_age(KEPT)
    })
}
