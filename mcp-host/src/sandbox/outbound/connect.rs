//! Step 6: a connection to one of the addresses that were checked, and to no other.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::failure::OutboundError;
use crate::sandbox::limits::{LimitExceeded, LimitName, Limits};

/// What a connection may bring beside a body and its headers: for each byte of them another one, for chunks, and for the
/// records of TLS. Without this an answer that never begins, or comes in the smallest of chunks, costs the host its time.
fn most_bytes(limits: &Limits) -> u64 {
    limits.received_bytes.saturating_add(limits.response_header_bytes).saturating_mul(2)
}

/// A connection that breaks off when more than so many bytes came.
pub(super) struct Capped {
    stream: Box<dyn Stream>,
    left: u64,
    exceeded: LimitExceeded,
}

impl Capped {
    pub(super) fn new(stream: Box<dyn Stream>, limits: &Limits) -> Self {
        let exceeded = LimitExceeded {
            name: LimitName::ReceivedBytes,
            limit: limits.received_bytes,
            reached: Some(most_bytes(limits)),
        };
        Self { stream, left: most_bytes(limits), exceeded }
    }
}

impl AsyncRead for Capped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let came = (buffer.filled().len() - before) as u64;
        let Some(left) = self.left.checked_sub(came) else {
            return Poll::Ready(Err(io::Error::other(OutboundError::Limit(self.exceeded))));
        };
        self.left = left;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Capped {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A connection, secure or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to the first address that answers.
pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, OutboundError> {
    let mut last = OutboundError::UnknownHost;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Small requests should leave at once.
                stream.set_nodelay(true).map_err(|_| OutboundError::Unreachable)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => last = OutboundError::ConnectionRefused,
            Err(_) => last = OutboundError::Unreachable,
        }
    }
    Err(last)
}
