//! The host over Spin's outbound HTTP.

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_http_api::{FetchedDocument, HostClient, HostError, RunReply};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::{CorrelationId, Secret};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use send_wrapper::SendWrapper;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use spin_sdk::http::{EmptyBody, send};
use spin_sdk::wasip3::http::types::RequestOptions;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// How long the host may take to accept a connection. It stands next to the function, or is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How much longer than the client wants to wait the host may take to answer.
const GRACE: Duration = Duration::from_secs(5);

/// How long the host may take to get a document of a stranger's.
const DOCUMENT_PATIENCE: Duration = Duration::from_secs(15);

/// Calls the host's internal interface: `POST {host_url}/internal/v1/jobs/{id}/run` and `…/cancel`.
#[derive(Clone, Debug)]
pub struct SpinHostClient {
    base: String,
    key: Secret,
}

impl SpinHostClient {
    /// A client of the host at this address. With an empty key it calls nobody: the host finds queued jobs by itself.
    #[must_use]
    pub fn new(host_url: &str, key: Secret) -> Self {
        Self { base: host_url.trim_end_matches('/').to_owned(), key }
    }

    fn request(&self, job: JobId, verb: &str, correlation: &CorrelationId) -> Result<Request<EmptyBody>, HostError> {
        self.post(&format!("jobs/{job}/{verb}"), correlation)
    }

    fn post(&self, path: &str, correlation: &CorrelationId) -> Result<Request<EmptyBody>, HostError> {
        if self.key.expose().is_empty() {
            return Err(HostError::NotConfigured);
        }
        let unusable = |what: &str| HostError::Unreachable(format!("the {what} can't be used in a request"));
        let mut credential = HeaderValue::from_str(&format!("Bearer {}", self.key.expose()))
            .map_err(|_| unusable("variable internal_key"))?;
        credential.set_sensitive(true);
        Request::post(format!("{}/internal/v1/{path}", self.base))
            .header(AUTHORIZATION, credential)
            .header(CorrelationId::HEADER, correlation.as_str())
            .body(EmptyBody::new())
            .map_err(|_| unusable("variable host_url"))
    }
}

/// Sends it and gives the status. What else the answer says is in the database too, and is read there.
async fn status(mut request: Request<EmptyBody>, patience: Duration) -> Result<StatusCode, HostError> {
    let sent = SendWrapper::new(async move {
        request.extensions_mut().insert(RequestOptionsExtension(options(patience)));
        send(request).await
    });
    let response = sent.await.map_err(|error| HostError::Unreachable(error.to_string()))?;
    Ok(response.status())
}

/// Sends it and gives a body of JSON, which the host keeps small.
async fn json<T: DeserializeOwned>(mut request: Request<EmptyBody>, patience: Duration) -> Result<T, HostError> {
    let unreachable = |error: String| HostError::Unreachable(error);
    let answered = SendWrapper::new(async move {
        request.extensions_mut().insert(RequestOptionsExtension(options(patience)));
        let response = send(request).await.map_err(|error| unreachable(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(HostError::Refused(response.status().as_u16()));
        }
        let body = response.into_body().collect().await.map_err(|error| unreachable(error.to_string()))?;
        Ok(body.to_bytes())
    });
    serde_json::from_slice(&answered.await?).map_err(|_| unreachable("the answer is not the host's".to_owned()))
}

/// A client's metadata document, as the host sends it.
#[derive(Deserialize)]
struct ClientMetadata {
    text: String,
    max_age: Option<u64>,
}

fn options(patience: Duration) -> RequestOptions {
    let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).ok();
    let options = RequestOptions::new();
    // A runtime that has no timeouts to set has its own.
    let _ = options.set_connect_timeout(nanoseconds(CONNECT_TIMEOUT));
    let _ = options.set_first_byte_timeout(nanoseconds(patience));
    options
}

fn run_reply(status: StatusCode) -> Result<RunReply, HostError> {
    match status {
        StatusCode::OK => Ok(RunReply::Ended),
        StatusCode::ACCEPTED => Ok(RunReply::StillRunning),
        other => Err(HostError::Refused(other.as_u16())),
    }
}

fn cancel_reply(status: StatusCode) -> Result<(), HostError> {
    match status {
        StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Ok(()),
        other => Err(HostError::Refused(other.as_u16())),
    }
}

#[async_trait]
impl HostClient for SpinHostClient {
    async fn run(&self, job: JobId, wait: Duration, correlation: &CorrelationId) -> Result<RunReply, HostError> {
        let mut request = self.request(job, "run", correlation)?;
        if let Ok(prefer) = HeaderValue::from_str(&format!("wait={}", wait.as_secs())) {
            request.headers_mut().insert("prefer", prefer);
        }
        run_reply(status(request, wait + GRACE).await?)
    }

    async fn cancel(&self, job: JobId, correlation: &CorrelationId) -> Result<(), HostError> {
        cancel_reply(status(self.request(job, "cancel", correlation)?, GRACE).await?)
    }

    async fn fetch_client_metadata(
        &self,
        url: &str,
        correlation: &CorrelationId,
    ) -> Result<FetchedDocument, HostError> {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish();
        let request = self.post(&format!("fetch-client-metadata?{query}"), correlation)?;
        let found: ClientMetadata = json(request, DOCUMENT_PATIENCE).await?;
        Ok(FetchedDocument { text: found.text, max_age: found.max_age.map(Duration::from_secs) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "0192d3a4-7b1c-7f00-8000-000000000000";

    fn request(url: &str, key: &str) -> Result<Request<EmptyBody>, HostError> {
        let correlation = CorrelationId::parse("build-42").expect("sane");
        let client = SpinHostClient::new(url, Secret::new(key.to_owned()));
        client.request(JOB.parse().expect("an id"), "run", &correlation)
    }

    #[test]
    fn a_request_names_the_job_and_carries_key_and_correlation() {
        for url in ["http://127.0.0.1:3000", "http://127.0.0.1:3000/"] {
            let request = request(url, "secret").expect("a request");
            assert_eq!(request.uri().to_string(), format!("http://127.0.0.1:3000/internal/v1/jobs/{JOB}/run"));
            assert_eq!(request.headers()["authorization"], "Bearer secret");
            assert_eq!(request.headers()["x-correlation-id"], "build-42");
            assert!(!format!("{request:?}").contains("secret"));
        }
    }

    #[test]
    fn without_a_key_nobody_is_called() {
        assert_eq!(request("http://127.0.0.1:3000", "").err(), Some(HostError::NotConfigured));
    }

    #[test]
    fn what_can_not_be_sent_is_named_but_not_shown() {
        for (url, key) in [("no url", "secret"), ("http://127.0.0.1:3000", "sec\nret")] {
            let error = request(url, key).expect_err("can't be sent").to_string();
            assert!(error.contains("variable") && !error.contains("sec"), "{error}");
        }
    }

    #[test]
    fn the_status_is_the_reply() {
        assert_eq!(run_reply(StatusCode::OK), Ok(RunReply::Ended));
        assert_eq!(run_reply(StatusCode::ACCEPTED), Ok(RunReply::StillRunning));
        assert_eq!(run_reply(StatusCode::UNAUTHORIZED), Err(HostError::Refused(401)));
        assert_eq!(cancel_reply(StatusCode::ACCEPTED), Ok(()));
        assert_eq!(cancel_reply(StatusCode::NOT_FOUND), Err(HostError::Refused(404)));
    }
}
