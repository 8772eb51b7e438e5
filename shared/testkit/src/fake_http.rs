//! Another service, as a test wants it to be.

use std::sync::Mutex;

use async_trait::async_trait;
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bytes::Bytes;
use http::{Request, Response};

/// What the service answers to a request.
type Answering = dyn Fn(&Request<Bytes>) -> Result<Response<Bytes>, HttpError> + Send + Sync;

/// A client whose requests go to a function of the test's, and are remembered.
pub struct FakeHttp {
    answering: Box<Answering>,
    sent: Mutex<Vec<Request<Bytes>>>,
}

impl FakeHttp {
    /// A service that answers so.
    pub fn new(
        answering: impl Fn(&Request<Bytes>) -> Result<Response<Bytes>, HttpError> + Send + Sync + 'static,
    ) -> Self {
        Self { answering: Box::new(answering), sent: Mutex::default() }
    }

    /// A service that always answers with this status and JSON.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self::new(move |_| Ok(json_response(status, body.clone())))
    }

    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Request<Bytes>> {
        self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// A JSON answer.
#[must_use]
pub fn json_response(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

#[async_trait]
impl HttpClient for FakeHttp {
    async fn send(&self, request: Request<Bytes>, _: HttpLimits) -> Result<Response<Bytes>, HttpError> {
        let answer = (self.answering)(&request);
        self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(request);
        answer
    }
}
