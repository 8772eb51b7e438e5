//! Step 1: whether the request may be sent at all.

use std::sync::Arc;

use bulkhead_execution::EventLevel;
use http::Request;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::failure::OutboundError;
use super::traffic::SharedTraffic;
use crate::sandbox::grants::{Destination, Grants};
use crate::sandbox::limits::{LimitExceeded, LimitName, Limits};

/// A request that may be sent: where to, and its place among those in flight, which it keeps until its answer is read.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) destination: Destination,
    pub(super) place: OwnedSemaphorePermit,
}

/// Counts the request and finds its destination: https unless the operator's own URL says http, and host, port, method
/// and path as granted, and as far as the organisation leaves it.
pub(super) fn admit<B>(
    request: &Request<B>,
    (grants, left): (&Grants, Option<&Grants>),
    limits: &Limits,
    in_flight: &Arc<Semaphore>,
    traffic: &SharedTraffic,
) -> Result<Admission, OutboundError> {
    traffic.begin(limits.outbound_requests)?;
    let place = in_flight.clone().try_acquire_owned().map_err(|_| {
        let limit = limits.requests_in_flight;
        OutboundError::Limit(LimitExceeded::with(LimitName::RequestsInFlight, limit, limit.saturating_add(1)))
    })?;
    let uri = request.uri();
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(OutboundError::InvalidAddress);
    };
    let granted = grants.allow(request.method(), uri);
    let refusal = match &granted {
        None => "the connector was not granted it",
        Some(_) => "the organization's restrictions do not allow it",
    };
    match granted.filter(|_| left.is_none_or(|left| left.allow(request.method(), uri).is_some())) {
        Some(destination) => Ok(Admission { destination, place }),
        None => {
            // Without user, path and query: those may hold what is private.
            let host = authority.as_str().rsplit('@').next().unwrap_or_default();
            let mut message = format!("Refused {} {scheme}://{host}: {refusal}", request.method());
            message.truncate(message.floor_char_boundary(limits.log_message_bytes));
            traffic.event("outbound", EventLevel::Warn, message, json!({ "status": null }));
            Err(OutboundError::NotGranted)
        }
    }
}
