//! Requests to other services: one connection for each, no redirects, limits on time and size.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, Version};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Sends requests over hyper, by TLS to what the connector trusts.
#[derive(Clone)]
pub struct NativeHttpClient {
    tls: TlsConnector,
}

impl fmt::Debug for NativeHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativeHttpClient")
    }
}

impl NativeHttpClient {
    /// A client that trusts whom this connector trusts. Its protocols (ALPN) must be none or `http/1.1`.
    #[must_use]
    pub fn new(tls: TlsConnector) -> Self {
        Self { tls }
    }

    async fn exchange(&self, request: Request<Bytes>, max_bytes: usize) -> Result<Response<Bytes>, HttpError> {
        let (scheme, authority) = destination(request.uri())?;
        let secure = scheme == Scheme::HTTPS;
        // An IPv6 address has brackets in a URL and nowhere else.
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let request = in_origin_form(request, &authority)?;
        let unreachable = |error: std::io::Error| HttpError::Unreachable(error.kind().to_string());
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        if !secure {
            return converse(request, stream, max_bytes).await;
        }
        let name = match host.parse::<IpAddr>() {
            Ok(address) => ServerName::IpAddress(address.into()),
            Err(_) => {
                ServerName::try_from(host).map_err(|_| HttpError::Unsendable("the host is no name".to_owned()))?
            }
        };
        let stream = self.tls.connect(name, stream).await;
        // The words of a certificate are a stranger's.
        let stream =
            stream.map_err(|_| HttpError::Unreachable("it does not prove by TLS to be that host".to_owned()))?;
        converse(request, stream, max_bytes).await
    }
}

#[async_trait]
impl HttpClient for NativeHttpClient {
    async fn send(&self, request: Request<Bytes>, limits: HttpLimits) -> Result<Response<Bytes>, HttpError> {
        match tokio::time::timeout(limits.time, self.exchange(request, limits.body_bytes)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::Timeout { limit: limits.time }),
        }
    }
}

fn destination(uri: &Uri) -> Result<(Scheme, Authority), HttpError> {
    let unsendable = |what: &str| HttpError::Unsendable(what.to_owned());
    let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
    let scheme = scheme.ok_or_else(|| unsendable("its address is not http or https"))?;
    let authority = uri.authority().ok_or_else(|| unsendable("its address has no host"))?;
    if authority.as_str().contains('@') {
        return Err(unsendable("its address has a user"));
    }
    Ok((scheme.clone(), authority.clone()))
}

/// As HTTP/1.1 has it: the path in the first line, the host in a header, whatever either was before.
fn in_origin_form(mut request: Request<Bytes>, authority: &Authority) -> Result<Request<Full<Bytes>>, HttpError> {
    let unsendable = |_| HttpError::Unsendable("its host can't stand in a header".to_owned());
    let host = HeaderValue::from_str(authority.as_str()).map_err(unsendable)?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
    *request.version_mut() = Version::HTTP_11;
    Ok(request.map(Full::new))
}

async fn converse<S>(request: Request<Full<Bytes>>, stream: S, max_bytes: usize) -> Result<Response<Bytes>, HttpError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| HttpError::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the sender, which ends with this function.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    match Limited::new(body, max_bytes).collect().await {
        Ok(collected) => Ok(Response::from_parts(head, collected.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(HttpError::TooLarge { limit: max_bytes }),
        Err(error) => Err(HttpError::Broken(error.to_string())),
    }
}
