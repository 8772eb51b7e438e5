//! Step 6: a connection to one of the addresses that were checked, and to no other.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::failure::OutboundError;

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
