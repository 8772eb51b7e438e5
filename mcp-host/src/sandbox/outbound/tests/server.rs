//! A server that answers as a test wants, down to the last byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server does after it has read a request's head and body.
pub(super) enum Step {
    Write(Bytes),
    /// Says no more, and holds the connection.
    Stall,
    /// Writes this for as long as somebody reads.
    Forever(Bytes),
}

/// A server. It ends with its runtime.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request, given as its text, with these steps.
    pub(super) async fn start(answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start_with(None, answer).await
    }

    pub(super) async fn start_with(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let server = Self { address, seen: seen.clone() };
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket");
                let (tls, answer, seen) = (tls.clone(), answer.clone(), seen.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &*answer, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &*answer, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// Answers everything with this.
    pub(super) async fn saying(response: impl Into<Bytes>) -> Self {
        let response = response.into();
        Self::start(move |_| vec![Step::Write(response.clone())]).await
    }

    /// Answers with what it was sent, as text.
    pub(super) async fn echoing() -> Self {
        Self::start(|request| vec![Step::Write(ok(request.as_bytes()))]).await
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests that came, as text.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("a lock").clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: &(impl Fn(&str) -> Vec<Step> + ?Sized),
    seen: &Mutex<Vec<String>>,
) {
    let Some(request) = read(&mut stream).await else { return };
    let steps = answer(&request);
    seen.lock().expect("a lock").push(request);
    for step in steps {
        let written = match step {
            Step::Write(bytes) => write(&mut stream, &bytes).await,
            Step::Stall => std::future::pending().await,
            Step::Forever(bytes) => loop {
                if write(&mut stream, &bytes).await.is_err() {
                    return;
                }
            },
        };
        if written.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let read = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = read.split_once("\r\n\r\n") {
            let length = |line: &str| line.strip_prefix("content-length: ").and_then(|length| length.parse().ok());
            let length: usize = head.to_ascii_lowercase().lines().find_map(length).unwrap_or_default();
            let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
            if if chunked { body.ends_with("0\r\n\r\n") } else { body.len() >= length } {
                return Some(read);
            }
        }
        if stream.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    }
}

/// An answer with this body.
pub(super) fn ok(body: &[u8]) -> Bytes {
    with_headers("", body)
}

/// An answer with these lines of headers, each with its end.
pub(super) fn with_headers(headers: &str, body: &[u8]) -> Bytes {
    let mut response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    response.extend_from_slice(body);
    response.into()
}

/// An answer whose body comes in pieces.
pub(super) fn chunked<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, trailers: &str) -> Bytes {
    let mut response = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in pieces {
        response.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        response.extend_from_slice(piece);
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
    response.into()
}
