//! Decompression by the host, so that the leak scan sees what the guest would see, and a small answer can't grow without
//! end.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use http_body::{Body, Frame};
use tokio::io::AsyncRead;
use tokio_util::io::{StreamReader, poll_read_buf};

use super::failure::OutboundError;
use super::traffic::{Counter, SharedTraffic};
use crate::sandbox::limits::{LimitExceeded, LimitName, Limits};

/// What the host says that it can decode.
pub(super) const ACCEPT_ENCODING: &str = "gzip, br, zstd, deflate";

/// 8 MiB, the most that a decoder has to hold for an answer (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;
/// How much is decoded at once.
const CHUNK: usize = 16 << 10;
/// A short answer may be as compressible as it likes.
const RATIO_APPLIES_ABOVE: u64 = 64 << 10;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Brotli,
    Zstd,
    Deflate,
}

impl Coding {
    /// The answer's one coding, if it has any. Several on top of each other multiply, and nobody asked for them.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, OutboundError> {
        let mut found = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| OutboundError::UnknownEncoding)?;
            for name in value.split(',').map(|name| name.trim().to_ascii_lowercase()) {
                let coding = match name.as_str() {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "br" => Self::Brotli,
                    "zstd" => Self::Zstd,
                    "deflate" => Self::Deflate,
                    _ => return Err(OutboundError::UnknownEncoding),
                };
                if found.replace(coding).is_some() {
                    return Err(OutboundError::UnknownEncoding);
                }
            }
        }
        Ok(found)
    }

    /// What the answer's headers say once it is decoded.
    pub(super) fn undone_in(headers: &mut HeaderMap) {
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// A body, decoded, whose bytes count against the call's limit and against the ratio.
pub(super) struct DecodedBody {
    reader: Reader,
    wire: Arc<Wire>,
    buffer: BytesMut,
    decoded: u64,
    limits: Limits,
    traffic: SharedTraffic,
    ended: bool,
}

/// What the decoder does not pass on.
#[derive(Debug, Default)]
struct Wire {
    bytes: AtomicU64,
    trailers: Mutex<Option<HeaderMap>>,
}

impl DecodedBody {
    pub(super) fn new<B>(body: B, coding: Coding, limits: Limits, traffic: SharedTraffic) -> Self
    where
        B: Body<Data = Bytes, Error = OutboundError> + Send + Unpin + 'static,
    {
        let wire = Arc::new(Wire::default());
        let encoded = StreamReader::new(Encoded { body, wire: wire.clone() });
        // A coded body may be made of several: what follows the first is decoded too, or found to be rubbish.
        let reader: Reader = match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(encoded);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            Coding::Brotli => {
                let mut decoder = BrotliDecoder::new(encoded);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            Coding::Zstd => {
                let window = DParameter::window_log_max(ZSTD_WINDOW_LOG);
                let mut decoder = ZstdDecoder::with_params(encoded, &[window]);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            Coding::Deflate => {
                let mut decoder = ZlibDecoder::new(encoded);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
        };
        Self { reader, wire, buffer: BytesMut::new(), decoded: 0, limits, traffic, ended: false }
    }

    fn count(&mut self, bytes: usize) -> Result<(), OutboundError> {
        self.traffic.count(Counter::Decoded, bytes, self.limits.received_bytes)?;
        self.decoded = self.decoded.saturating_add(bytes as u64);
        let (limit, wire) = (self.limits.decoded_ratio, self.wire.bytes.load(Ordering::Relaxed));
        if self.decoded > RATIO_APPLIES_ABOVE && self.decoded > wire.saturating_mul(limit) {
            return Err(OutboundError::Limit(LimitExceeded::with(
                LimitName::DecodedRatio,
                limit,
                self.decoded.div_ceil(wire.max(1)),
            )));
        }
        Ok(())
    }
}

impl Body for DecodedBody {
    type Data = Bytes;
    type Error = OutboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OutboundError>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        this.buffer.reserve(CHUNK);
        match ready!(poll_read_buf(this.reader.as_mut(), context, &mut this.buffer)) {
            Ok(0) => {
                this.ended = true;
                let trailers = this.wire.trailers.lock().unwrap_or_else(PoisonError::into_inner).take();
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Ok(bytes) => {
                let counted = this.count(bytes);
                this.ended = counted.is_err();
                let data = this.buffer.split().freeze();
                Poll::Ready(Some(counted.map(|()| Frame::data(data))))
            }
            // There was no body, whatever the header says of it.
            Err(error)
                if error.kind() == io::ErrorKind::UnexpectedEof && this.wire.bytes.load(Ordering::Relaxed) == 0 =>
            {
                this.ended = true;
                Poll::Ready(None)
            }
            Err(error) => {
                this.ended = true;
                let own = error.get_ref().and_then(|error| error.downcast_ref::<OutboundError>());
                Poll::Ready(Some(Err(own.cloned().unwrap_or(OutboundError::Undecodable))))
            }
        }
    }
}

/// A body's data as a stream, as the decoders read it.
struct Encoded<B> {
    body: B,
    wire: Arc<Wire>,
}

impl<B: Body<Data = Bytes, Error = OutboundError> + Unpin> Stream for Encoded<B> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => None,
                Some(Err(error)) => Some(Err(io::Error::other(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    // An empty piece would be taken for the end.
                    Ok(data) if data.is_empty() => continue,
                    Ok(data) => {
                        self.wire.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                        Some(Ok(data))
                    }
                    Err(frame) => {
                        let trailers = frame.into_trailers().ok();
                        *self.wire.trailers.lock().unwrap_or_else(PoisonError::into_inner) = trailers;
                        continue;
                    }
                },
            });
        }
    }
}
