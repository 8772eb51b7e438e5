//! A channel's items as a stream that a function reads.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc::Receiver;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

/// How many items one read takes at most.
const BATCH: usize = 64;

/// Feeds a stream from a channel.
pub(crate) struct FromChannel<T>(pub(crate) Receiver<T>);

impl<D, T: wasmtime::component::Lower + Send + Sync + 'static> StreamProducer<D> for FromChannel<T> {
    type Item = T;
    type Buffer = VecBuffer<T>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, T, VecBuffer<T>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let room = destination.remaining(store).unwrap_or(BATCH).min(BATCH);
        // A read of nothing asks whether there may be something, and there may.
        if room == 0 {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let mut items = Vec::new();
        match self.get_mut().0.poll_recv_many(cx, &mut items, room) {
            Poll::Ready(0) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Ready(_) => {
                destination.set_buffer(items.into());
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
