//! What a function prints becomes log lines under its component's id.

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Where a line came from.
pub(crate) struct LogContext {
    pub(crate) component: String,
    /// The correlation id of the request, when the instance serves only one.
    pub(crate) correlation: OnceLock<String>,
    pub(crate) line_bytes: usize,
    pub(crate) lines: usize,
}

/// The standard output or error of one instance.
#[derive(Clone)]
pub(crate) struct LineLog(Arc<Mutex<Lines>>);

struct Lines {
    context: Arc<LogContext>,
    stream: &'static str,
    line: Vec<u8>,
    printed: usize,
}

/// How many bytes a function may print before it has to ask again.
const CHUNK: usize = 64 << 10;

impl LineLog {
    pub(crate) fn new(context: Arc<LogContext>, stream: &'static str) -> Self {
        Self(Arc::new(Mutex::new(Lines { context, stream, line: Vec::new(), printed: 0 })))
    }

    fn print(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).print(bytes);
    }
}

impl Lines {
    fn print(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.keep(&rest[..end]);
            self.finish();
            rest = &rest[end + 1..];
        }
        self.keep(rest);
    }

    /// Adds to the line, up to its limit: the rest of a line that is too long is left out.
    fn keep(&mut self, bytes: &[u8]) {
        let room = self.context.line_bytes.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.printed += 1;
        let limit = self.context.lines;
        if self.printed > limit + 1 {
            return;
        }
        let text = if self.printed > limit {
            format!("(more than {limit} lines; the rest is left out)").into()
        } else {
            String::from_utf8_lossy(&line)
        };
        let LogContext { component, correlation, .. } = &*self.context;
        let (stream, correlation) = (self.stream, correlation.get().map_or("", String::as_str));
        tracing::info!(target: "bulkhead::function", component, correlation, stream, "{text}");
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.finish();
        }
    }
}

impl IsTerminal for LineLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for LineLog {
    async fn ready(&mut self) {}
}

impl OutputStream for LineLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

impl AsyncWrite for LineLog {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
