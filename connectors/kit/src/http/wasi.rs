//! The transport of a component: `wasi:http/outgoing-handler@0.2`.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme, http_error_code,
};
use wasip2::io::streams::StreamError;

use super::{HttpError, Request, Response};

/// The most that WASI takes in one blocking write.
const WRITE_CHUNK: usize = 4096;
/// How much is read at once.
const READ_CHUNK: u64 = 64 * 1024;

/// Sends a request and reads the whole answer.
pub(crate) fn send(request: &Request) -> Result<Response, HttpError> {
    let fault = |code: &ErrorCode| explain(code, request);
    let outgoing = outgoing(request)?;
    let body = outgoing.body().map_err(|()| invalid("the body"))?;
    let pending = outgoing_handler::handle(outgoing, options(request.wait())).map_err(|code| fault(&code))?;
    // The host reads the body while it sends, so it is written after `handle`. Why writing failed is said by the
    // answer, which is waited for in any case.
    let written = write(body, request.body_bytes());
    let incoming = wait(&pending).map_err(|code| fault(&code))?;
    written.map_err(|code| fault(&code))?;

    let status = incoming.status();
    let headers = headers(&incoming);
    let body = read(&incoming, request)?;
    Ok(Response::new(status, body).with_headers(headers))
}

fn invalid(part: &str) -> HttpError {
    HttpError::InvalidRequest(format!("the host does not take {part}"))
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, HttpError> {
    let uri = request.uri().ok_or_else(|| invalid("the URL"))?;
    let mut entries: Vec<(String, Vec<u8>)> =
        request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    if !request.body_bytes().is_empty() {
        // A known length spares the service a chunked body, which not every service takes.
        entries.push(("content-length".to_owned(), request.body_bytes().len().to_string().into_bytes()));
    }
    let fields = Fields::from_list(&entries).map_err(|error| invalid(&format!("the headers: {error}")))?;
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if uri.scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
    outgoing.set_method(&method(request.method())).map_err(|()| invalid("the method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| invalid("the scheme"))?;
    outgoing.set_authority(Some(request.host())).map_err(|()| invalid("the URL's host"))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    outgoing.set_path_with_query(Some(path)).map_err(|()| invalid("the URL's path"))?;
    Ok(outgoing)
}

fn method(method: &http::Method) -> Method {
    match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// A host may not support a timeout; its own then applies.
fn options(timeout: Duration) -> Option<RequestOptions> {
    let timeout = u64::try_from(timeout.as_nanos()).ok();
    let options = RequestOptions::new();
    let supported = options.set_connect_timeout(timeout).is_ok()
        && options.set_first_byte_timeout(timeout).is_ok()
        && options.set_between_bytes_timeout(timeout).is_ok();
    supported.then_some(options)
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), ErrorCode> {
    if !bytes.is_empty() {
        let stream = body.write().map_err(|()| ErrorCode::InternalError(None))?;
        for chunk in bytes.chunks(WRITE_CHUNK) {
            stream.blocking_write_and_flush(chunk).map_err(|error| stream_error(&error))?;
        }
    }
    OutgoingBody::finish(body, None)
}

fn wait(pending: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    loop {
        match pending.get() {
            Some(Ok(answer)) => return answer,
            Some(Err(())) => return Err(ErrorCode::InternalError(None)),
            None => pending.subscribe().block(),
        }
    }
}

fn headers(incoming: &IncomingResponse) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in incoming.headers().entries() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers
}

fn read(incoming: &IncomingResponse, request: &Request) -> Result<Vec<u8>, HttpError> {
    let taken = |()| explain(&ErrorCode::InternalError(None), request);
    let body: IncomingBody = incoming.consume().map_err(taken)?;
    let stream = body.stream().map_err(taken)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ_CHUNK) {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(explain(&stream_error(&error), request)),
        }
        if bytes.len() as u64 > request.limit() {
            return Err(HttpError::ResponseTooLarge { host: request.host().to_owned(), limit: request.limit() });
        }
    }
}

fn stream_error(error: &StreamError) -> ErrorCode {
    match error {
        StreamError::Closed => ErrorCode::ConnectionTerminated,
        StreamError::LastOperationFailed(error) => {
            http_error_code(error).unwrap_or_else(|| ErrorCode::InternalError(Some(error.to_debug_string())))
        }
    }
}

fn explain(code: &ErrorCode, request: &Request) -> HttpError {
    let host = request.host().to_owned();
    match code {
        ErrorCode::HttpRequestDenied => HttpError::NotGranted { host },
        ErrorCode::DestinationIpProhibited => HttpError::AddressProhibited { host },
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => HttpError::UnknownHost { host },
        ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => {
            HttpError::ConnectionRefused { host }
        }
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => HttpError::Timeout { host },
        ErrorCode::TlsProtocolError => HttpError::Tls { host, reason: "the TLS protocol failed".to_owned() },
        ErrorCode::TlsCertificateError => HttpError::Tls { host, reason: "its certificate is not trusted".to_owned() },
        ErrorCode::TlsAlertReceived(alert) => {
            let reason = alert.alert_message.clone().unwrap_or_else(|| "it sent a TLS alert".to_owned());
            HttpError::Tls { host, reason }
        }
        ErrorCode::HttpResponseBodySize(limit) => {
            HttpError::ResponseTooLarge { host, limit: limit.unwrap_or(request.limit()) }
        }
        ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_) => HttpError::InvalidRequest(reason(code)),
        _ => HttpError::Broken { host, reason: reason(code) },
    }
}

/// An error code in words: what the host says, or the code's own name.
fn reason(code: &ErrorCode) -> String {
    match code {
        ErrorCode::InternalError(Some(message)) => message.clone(),
        ErrorCode::InternalError(None) => "internal error".to_owned(),
        other => {
            let debug = format!("{other:?}");
            debug.trim_start_matches("ErrorCode::").split(['(', ' ']).next().unwrap_or_default().to_owned()
        }
    }
}
