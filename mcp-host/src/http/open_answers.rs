//! Answers that are on their way. A job has ended before its answer is written, and whoever stops then must not take away the
//! session that writes it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http_body_util::BodyExt as _;
use tokio_util::task::TaskTracker;

/// The answers of the MCP endpoint that have not gone out whole.
#[derive(Clone, Debug, Default)]
pub struct OpenAnswers(TaskTracker);

impl OpenAnswers {
    /// Waits for those that are on their way, as long as that takes at most; what is asked from now on is waited for as well.
    pub async fn settle(&self, patience: Duration) {
        self.0.close();
        if tokio::time::timeout(patience, self.0.wait()).await.is_err() {
            tracing::warn!(answers = self.0.len(), "answers are left open");
        }
    }
}

/// Counts an answer until it has gone out. Streams that tell of changes never end by themselves, so they do not count.
pub(super) async fn count(State(open): State<OpenAnswers>, request: Request, next: Next) -> Response {
    let endless = request.method() != Method::POST
        || request.headers().get("mcp-method").is_some_and(|method| method == "subscriptions/listen");
    if endless {
        return next.run(request).await;
    }
    let token = open.0.token();
    next.run(request).await.map(|body| {
        // It is dropped with the body. Errors stay what they are.
        Body::new(body.map_err(move |error| {
            let _on_its_way = &token;
            error
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::any;
    use tower::ServiceExt as _;

    async fn answer(open: &OpenAnswers, method: Method, header: Option<&str>) -> Response {
        let router = Router::new().route("/mcp", any(async || "an answer"));
        let mut request = Request::builder().method(method).uri("/mcp");
        if let Some(value) = header {
            request = request.header("mcp-method", value);
        }
        let request = request.body(Body::empty()).expect("a request");
        router.layer(from_fn_with_state(open.clone(), count)).oneshot(request).await.expect("an answer")
    }

    #[tokio::test]
    async fn an_answer_counts_until_it_is_read_and_a_stream_of_changes_does_not() {
        let open = OpenAnswers::default();
        let streams =
            [answer(&open, Method::GET, None).await, answer(&open, Method::POST, Some("subscriptions/listen")).await];
        assert_eq!(open.0.len(), 0);
        let called = answer(&open, Method::POST, Some("tools/call")).await;
        assert_eq!(open.0.len(), 1);
        let settled = open.settle(Duration::from_secs(1));
        tokio::pin!(settled);
        assert!(futures::poll!(&mut settled).is_pending());
        assert_eq!(called.into_body().collect().await.expect("a body").to_bytes(), "an answer");
        settled.await;
        drop(streams);
    }

    #[tokio::test]
    async fn whoever_does_not_read_is_not_waited_for_for_ever() {
        let open = OpenAnswers::default();
        let _called = answer(&open, Method::POST, None).await;
        open.settle(Duration::ZERO).await;
        assert_eq!(open.0.len(), 1);
    }
}
