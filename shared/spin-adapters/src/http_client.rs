//! Requests to other services over Spin's outbound HTTP, as far as spin.toml allows them.

use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bytes::Bytes;
use futures::future::{Either, select};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use send_wrapper::SendWrapper;
use spin_sdk::http::send;
use spin_sdk::time::sleep;
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// Sends requests to the component's `allowed_outbound_hosts`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpinHttpClient;

#[async_trait]
impl HttpClient for SpinHttpClient {
    async fn send(&self, request: Request<Bytes>, limits: HttpLimits) -> Result<Response<Bytes>, HttpError> {
        check(&request)?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        SendWrapper::new(async move {
            // The runtime's own timeouts are for a connection, a first byte and each further one; none is for the whole.
            let exchange = pin!(exchange(request, limits, &host));
            match select(exchange, pin!(sleep(limits.time))).await {
                Either::Left((answer, _)) => answer,
                Either::Right(((), _)) => Err(HttpError::Timeout { limit: limits.time }),
            }
        })
        .await
    }
}

/// What a runtime might read as another address than the one that is meant.
fn check(request: &Request<Bytes>) -> Result<(), HttpError> {
    let uri = request.uri();
    let refuse = |what: &str| Err(HttpError::Unsendable(what.to_owned()));
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(authority)) if authority.as_str().contains('@') => {
            refuse("its address has a user")
        }
        (Some("http" | "https"), Some(_)) => Ok(()),
        _ => refuse("its address is not http or https"),
    }
}

async fn exchange(request: Request<Bytes>, limits: HttpLimits, host: &str) -> Result<Response<Bytes>, HttpError> {
    let length = request.body().len();
    let mut request = request.map(Full::new);
    // Its length is known, and not every server takes a body in chunks.
    if length > 0 {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    request.extensions_mut().insert(RequestOptionsExtension(options(limits.time)));
    let response = send(request).await.map_err(|code| read(&code, host, limits.time))?;
    let (head, body) = response.into_parts();
    match Limited::new(body, limits.body_bytes).collect().await {
        Ok(collected) => Ok(Response::from_parts(head, collected.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(HttpError::TooLarge { limit: limits.body_bytes }),
        Err(_) => Err(HttpError::Broken("the body broke off".to_owned())),
    }
}

fn options(time: Duration) -> RequestOptions {
    let nanoseconds = u64::try_from(time.as_nanos()).ok();
    let options = RequestOptions::new();
    // A runtime that has no timeouts to set has its own.
    let _ = options.set_connect_timeout(nanoseconds);
    let _ = options.set_first_byte_timeout(nanoseconds);
    let _ = options.set_between_bytes_timeout(nanoseconds);
    options
}

/// The kind of failure alone: a runtime's words may quote what a stranger's server said.
fn read(code: &ErrorCode, host: &str, limit: Duration) -> HttpError {
    match code {
        ErrorCode::HttpRequestDenied => HttpError::Denied { host: host.to_owned() },
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached => HttpError::Unreachable("no connection".to_owned()),
        ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError | ErrorCode::TlsAlertReceived(_) => {
            HttpError::Unreachable("it does not prove by TLS to be that host".to_owned())
        }
        ErrorCode::ConnectionReadTimeout | ErrorCode::ConnectionWriteTimeout | ErrorCode::HttpResponseTimeout => {
            HttpError::Timeout { limit }
        }
        ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_) => HttpError::Unsendable("the runtime refuses it".to_owned()),
        _ => HttpError::Broken("the runtime has no answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(address: &str) -> Result<(), HttpError> {
        check(&Request::get(address).body(Bytes::new()).expect("a request"))
    }

    #[test]
    fn an_address_is_absolute_and_has_no_user() {
        assert_eq!(checked("https://id.example.com/token"), Ok(()));
        assert_eq!(checked("http://127.0.0.1:1/"), Ok(()));
        for address in ["/token", "ftp://example.com/", "https://a@example.com/"] {
            assert!(matches!(checked(address), Err(HttpError::Unsendable(_))), "{address}");
        }
    }

    #[test]
    fn what_may_have_been_sent_is_told_from_what_was_not() {
        let read = |code| read(&code, "id.example.com", Duration::from_secs(1));
        assert_eq!(read(ErrorCode::HttpRequestDenied), HttpError::Denied { host: "id.example.com".to_owned() });
        assert!(read(ErrorCode::ConnectionRefused).nothing_was_sent());
        assert!(read(ErrorCode::TlsCertificateError).nothing_was_sent());
        assert!(!read(ErrorCode::ConnectionReadTimeout).nothing_was_sent());
        assert!(!read(ErrorCode::HttpProtocolError).nothing_was_sent());
        assert!(!read(ErrorCode::ConnectionTerminated).nothing_was_sent());
    }
}
