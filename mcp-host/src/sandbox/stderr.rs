//! A guest's standard error: its beginning is kept, to tell why it trapped.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes that may come at once.
const WRITE_BYTES: usize = 64 << 10;

/// Takes everything and keeps the beginning. A tool that logs there at length works on, and the host does not grow.
#[derive(Clone, Debug)]
pub(crate) struct KeptStderr {
    kept: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl KeptStderr {
    /// Keeps so many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Arc::default(), limit }
    }

    /// Takes what there is room for.
    pub(super) fn keep(&self, bytes: impl Iterator<Item = u8>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_sub(kept.len());
        kept.extend(bytes.take(room));
    }

    /// What was kept.
    pub(crate) fn contents(&self) -> Vec<u8> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl IsTerminal for KeptStderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for KeptStderr {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // Without a task and a buffer of its own, as the one that is made of `async_stream` would have.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for KeptStderr {
    async fn ready(&mut self) {}
}

#[async_trait::async_trait]
impl OutputStream for KeptStderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(bytes.into_iter());
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

impl AsyncWrite for KeptStderr {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.keep(bytes.iter().copied());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn the_beginning_is_kept_and_the_rest_is_taken_too() {
        let mut stderr = KeptStderr::new(5);
        stderr.write_all(b"abc").await.expect("is taken");
        assert_eq!(stderr.contents(), b"abc");
        stderr.write_all(b"defgh").await.expect("is taken");
        stderr.write_all(&[b'x'; 10_000]).await.expect("is taken");
        assert_eq!(stderr.contents(), b"abcde");
    }
}
