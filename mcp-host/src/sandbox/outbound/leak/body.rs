//! A body that is passed on once it is certain that it does not begin a hit.
//!
//! The same number of bytes is held back whatever they are. If it depended on them, the delay would tell a connector
//! whether its guess is how the credential begins, and it could guess on from there.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};

use super::{Patterns, Scanner, scan_headers};
use crate::sandbox::outbound::failure::OutboundError;

/// A body that ends with [`OutboundError::CredentialEchoed`] before any part of a credential in it is passed on.
pub(in super::super) struct ScannedBody<B> {
    body: B,
    patterns: Arc<Patterns>,
    scanner: Scanner,
    held: BytesMut,
    trailers: Option<Frame<Bytes>>,
    ended: bool,
}

impl<B> ScannedBody<B> {
    pub(in super::super) fn new(body: B, patterns: Arc<Patterns>) -> Self {
        let scanner = Scanner::new(patterns.clone());
        Self { body, patterns, scanner, held: BytesMut::new(), trailers: None, ended: false }
    }

    fn fail(&mut self, error: OutboundError) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        self.held.clear();
        self.trailers = None;
        self.ended = true;
        Poll::Ready(Some(Err(error)))
    }
}

impl<B: Body<Data = Bytes, Error = OutboundError> + Unpin> Body for ScannedBody<B> {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        while !self.ended {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Err(error) = self.scanner.feed(&data) {
                            return self.fail(error);
                        }
                        self.held.extend_from_slice(&data);
                        let certain = self.held.len().saturating_sub(self.scanner.hold_back());
                        if certain > 0 {
                            return Poll::Ready(Some(Ok(Frame::data(self.held.split_to(certain).freeze()))));
                        }
                    }
                    Err(frame) => {
                        let found = frame.trailers_ref().map_or(Ok(()), |found| scan_headers(&self.patterns, found));
                        if let Err(error) = found.and_then(|()| self.scanner.finish()) {
                            return self.fail(error);
                        }
                        self.trailers = Some(frame);
                        self.ended = true;
                    }
                },
                Some(Err(error)) => return self.fail(error),
                None => {
                    if let Err(error) = self.scanner.finish() {
                        return self.fail(error);
                    }
                    self.ended = true;
                }
            }
        }
        if !self.held.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.held.split().freeze()))));
        }
        Poll::Ready(self.trailers.take().map(Ok))
    }
}
