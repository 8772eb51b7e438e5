//! Answers that are pages of a collection.

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_kernel::Page;
use http::header::LINK;
use http::{HeaderValue, Uri};
use serde::Serialize;

/// `{"items": [...], "next": <cursor or null>}`, and when there is a next page its address in a `Link` header (RFC
/// 8288): the request's own, with the next cursor.
pub fn collection<T: Serialize>(uri: &Uri, page: Page<T>) -> Response {
    let link = page.next.as_deref().and_then(|cursor| next_link(uri, cursor));
    let mut response = Json(page).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    response
}

fn next_link(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.filter(|(name, _)| name != "cursor"))
        .append_pair("cursor", cursor)
        .finish();
    HeaderValue::from_str(&format!("<{}?{query}>; rel=\"next\"", uri.path())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_has_the_same_filters() {
        let uri = Uri::from_static("/v1/jobs?status=queued&cursor=old&correlation_id=a%3E%22b");
        let link = next_link(&uri, "new").expect("a link");
        assert_eq!(link, "</v1/jobs?status=queued&correlation_id=a%3E%22b&cursor=new>; rel=\"next\"");
    }
}
