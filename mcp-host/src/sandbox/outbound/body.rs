//! Bodies, as they go through the host.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, WasiBody};

use super::deadline::Deadline;
use super::failure::OutboundError;
use super::response::header_bytes;
use super::traffic::{Counter, SharedTraffic};
use crate::sandbox::limits::{LimitExceeded, LimitName, Limits};

/// A request's body, counted. Trailers are left out: they are headers that came too late for the rules on headers.
pub(super) struct SentBody {
    body: WasiBody,
    limit: u64,
    traffic: SharedTraffic,
}

impl SentBody {
    pub(super) fn new(body: WasiBody, limits: &Limits, traffic: SharedTraffic) -> Self {
        Self { body, limit: limits.sent_bytes, traffic }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(_)) => return Poll::Ready(Some(Err(OutboundError::BodyBrokeOff))),
            Some(Ok(frame)) => frame,
        };
        let Ok(data) = frame.into_data() else { return Poll::Ready(None) };
        let counted = self.traffic.count(Counter::Sent, data.len(), self.limit);
        Poll::Ready(Some(counted.map(|()| Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response's body as it comes: counted, and never for long without another byte.
pub(super) struct ReceivedBody<B> {
    body: B,
    limits: Limits,
    traffic: SharedTraffic,
    patience: Deadline,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> ReceivedBody<B> {
    pub(super) fn new(body: B, limits: Limits, patience: Deadline, traffic: SharedTraffic) -> Self {
        Self { body, limits, traffic, patience, timer: None }
    }

    fn count(&self, frame: &Frame<Bytes>) -> Result<(), OutboundError> {
        if let Some(data) = frame.data_ref() {
            return self.traffic.count(Counter::Received, data.len(), self.limits.received_bytes);
        }
        let limit = self.limits.response_header_bytes;
        let bytes = frame.trailers_ref().map_or(0, header_bytes);
        if bytes > limit {
            return Err(OutboundError::Limit(LimitExceeded::with(LimitName::ResponseHeaderBytes, limit, bytes)));
        }
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.traffic.count(Counter::Received, bytes, self.limits.received_bytes)
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for ReceivedBody<B> {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.timer = None;
                let limit = self.limits.response_header_bytes;
                Poll::Ready(frame.map(|frame| {
                    let frame = frame.map_err(|error| OutboundError::of_hyper(&error, limit))?;
                    self.count(&frame).map(|()| frame)
                }))
            }
            Poll::Pending => {
                let after = self.patience.after;
                let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
                ready!(timer.as_mut().poll(context));
                Poll::Ready(Some(Err(self.patience.error.clone())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// Ends a task with the value.
pub(super) struct AbortOnDrop(pub(super) tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response's body as the guest reads it. With its end, or when the guest lets go of it, the connection ends and the
/// request is in flight no more.
pub(super) struct GuestBody<B> {
    body: B,
    traffic: SharedTraffic,
    holding: Option<(AbortOnDrop, OwnedSemaphorePermit)>,
}

impl<B> GuestBody<B> {
    pub(super) fn new(body: B, connection: AbortOnDrop, place: OwnedSemaphorePermit, traffic: SharedTraffic) -> Self {
        Self { body, traffic, holding: Some((connection, place)) }
    }
}

impl<B: Body<Data = Bytes, Error = OutboundError> + Unpin> Body for GuestBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.holding.is_none() {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.holding = None;
        }
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| {
                self.traffic.note(&error);
                error.into()
            })
        }))
    }
}
