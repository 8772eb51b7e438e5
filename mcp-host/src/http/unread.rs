//! Bodies that nobody read.
//!
//! A request can be refused before its body has arrived: it has no key, it is too large. Many clients read no answer
//! before they have sent everything, and would see a broken connection in its place. So the rest is taken in and thrown
//! away, for a while.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

/// How much is taken in.
const BYTES: usize = 16 << 20;
/// For how long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers a refused request only when its body is through.
pub(super) async fn take_in(request: Request, next: Next) -> Response {
    // Whoever asks first whether to send a body reads the answer first.
    if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let lent = Lent(Arc::new(Mutex::new(Loan { body: Some(body), reader: None })));
    let response = next.run(Request::from_parts(parts, Body::new(lent.clone()))).await;
    if response.status().is_client_error()
        && let Some(rest) = lent.call_back()
    {
        // Too slow or too much: the connection breaks, as it would have.
        let _ = tokio::time::timeout(PATIENCE, throw_away(rest)).await;
    }
    response
}

async fn throw_away(mut body: Body) {
    let mut taken = 0;
    while taken < BYTES
        && let Some(Ok(frame)) = body.frame().await
    {
        taken += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// A body that can be taken away from its reader.
#[derive(Clone)]
struct Lent(Arc<Mutex<Loan>>);

struct Loan {
    body: Option<Body>,
    /// Who waits for more of it.
    reader: Option<Waker>,
}

impl Lent {
    fn lock(&self) -> MutexGuard<'_, Loan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has not been read yet. To its reader the body has broken off.
    fn call_back(&self) -> Option<Body> {
        let mut loan = self.lock();
        let body = loan.body.take();
        if let Some(reader) = loan.reader.take() {
            reader.wake();
        }
        body.filter(|body| !body.is_end_stream())
    }
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut loan = self.lock();
        let Some(body) = loan.body.as_mut() else {
            return Poll::Ready(Some(Err(axum::Error::new("the request has been answered"))));
        };
        let polled = Pin::new(body).poll_frame(context);
        loan.reader = polled.is_pending().then(|| context.waker().clone());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.lock().body.as_ref().is_some_and(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().body.as_ref().map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}
