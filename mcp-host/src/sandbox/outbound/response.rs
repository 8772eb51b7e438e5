//! Steps 9 to 11: what the guest gets of an answer.

use http::header::{HeaderMap, HeaderName, SET_COOKIE};
use http::{Response, response};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;

use super::Call;
use super::body::ReceivedBody;
use super::deadline::Deadline;
use super::decode::{Coding, DecodedBody};
use super::failure::OutboundError;
use super::leak::{ScannedBody, scan_headers, scan_text};
use super::traffic::Counter;
use crate::sandbox::limits::{LimitExceeded, LimitName};

/// What opens a session is as good as the credential that it was opened with. The guest could not send it back anyway.
const SESSIONS: [HeaderName; 2] = [SET_COOKIE, HeaderName::from_static("set-cookie2")];

/// A body that is safe to hand on.
pub(super) type CheckedBody = UnsyncBoxBody<bytes::Bytes, OutboundError>;

/// Caps and counts the head, decodes the body under its caps, and searches both for the call's credentials.
pub(super) fn receive(
    response: Response<Incoming>,
    patience: Deadline,
    call: &Call,
) -> Result<(response::Parts, CheckedBody), OutboundError> {
    let (mut parts, body) = response.into_parts();
    let limit = call.limits.response_header_bytes;
    let bytes = header_bytes(&parts.headers);
    if bytes > limit {
        return Err(OutboundError::Limit(LimitExceeded::with(LimitName::ResponseHeaderBytes, limit, bytes)));
    }
    call.traffic.count(Counter::Received, usize::try_from(bytes).unwrap_or(usize::MAX), call.limits.received_bytes)?;
    for name in SESSIONS {
        parts.headers.remove(name);
    }
    let patterns = call.credentials.patterns();
    if let Some(patterns) = &patterns {
        if let Some(reason) = parts.extensions.get::<ReasonPhrase>() {
            scan_text(patterns, reason.as_bytes())?;
        }
        scan_headers(patterns, &parts.headers)?;
    }
    // The reason of the status is in there; WASI has no place for it, and neither has anybody else.
    parts.extensions.clear();

    let body = ReceivedBody::new(body, call.limits, patience, call.traffic.clone());
    let decoded = match Coding::of(&parts.headers)? {
        None => body.boxed_unsync(),
        Some(coding) => {
            Coding::undone_in(&mut parts.headers);
            if http_body::Body::is_end_stream(&body) {
                body.boxed_unsync()
            } else {
                DecodedBody::new(body, coding, call.limits, call.traffic.clone()).boxed_unsync()
            }
        }
    };
    let scanned = match patterns {
        None => decoded,
        Some(patterns) => ScannedBody::new(decoded, patterns).boxed_unsync(),
    };
    Ok((parts, scanned))
}

/// What headers take up on the wire: names, values, and four bytes each for what is between them.
pub(super) fn header_bytes(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}
