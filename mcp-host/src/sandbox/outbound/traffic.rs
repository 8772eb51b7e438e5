//! What one call's requests used up, and what there is to tell about them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bulkhead_execution::{EventLevel, NewEvent};
use bulkhead_kernel::Clock;

use super::failure::OutboundError;
use crate::sandbox::limits::{LimitExceeded, LimitName};

/// What one call's requests used up, and what there is to tell about them.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    /// Bytes of requests, heads and bodies, without what the host adds to prove who asks.
    pub(crate) sent: u64,
    /// Bytes of responses, headers and bodies, as they came, compressed or not.
    pub(crate) received: u64,
    /// Bytes of response bodies as the guest was to see them.
    decoded: u64,
    pub(crate) exceeded: Option<LimitExceeded>,
    /// Whether a request was refused because no tool may make it, or not this one.
    pub(crate) denied: bool,
    /// The credential that came back, if one did. Nothing leaves any more, and the call fails.
    pub(crate) echoed: Option<String>,
    /// The credentials of requests that were answered with 401.
    pub(crate) refused: BTreeSet<String>,
    pub(crate) events: Vec<NewEvent>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Sent,
    Received,
    Decoded,
}

/// The same for all requests of a call.
#[derive(Clone)]
pub(super) struct SharedTraffic {
    traffic: Arc<Mutex<Traffic>>,
    clock: Arc<dyn Clock>,
}

impl SharedTraffic {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { traffic: Arc::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Traffic {
        std::mem::take(&mut *self.lock())
    }

    /// Counts a request, unless there were enough of them or a credential came back.
    pub(super) fn begin(&self, limit: u64) -> Result<(), OutboundError> {
        let mut traffic = self.lock();
        if let Some(name) = &traffic.echoed {
            return Err(OutboundError::CredentialEchoed(name.clone()));
        }
        if traffic.requests >= limit {
            return Err(OutboundError::Limit(LimitExceeded::with(
                LimitName::OutboundRequests,
                limit,
                traffic.requests.saturating_add(1),
            )));
        }
        traffic.requests += 1;
        Ok(())
    }

    /// Counts bytes against a limit of the whole call.
    pub(super) fn count(&self, counter: Counter, bytes: usize, limit: u64) -> Result<(), OutboundError> {
        let mut traffic = self.lock();
        let (total, name) = match counter {
            Counter::Sent => (&mut traffic.sent, LimitName::SentBytes),
            Counter::Received => (&mut traffic.received, LimitName::ReceivedBytes),
            Counter::Decoded => (&mut traffic.decoded, LimitName::ReceivedBytes),
        };
        *total = total.saturating_add(bytes as u64);
        if *total <= limit { Ok(()) } else { Err(OutboundError::Limit(LimitExceeded::with(name, limit, *total))) }
    }

    /// Keeps with what a request was refused.
    pub(super) fn note_refused<'a>(&self, names: impl Iterator<Item = &'a str>) {
        self.lock().refused.extend(names.map(str::to_owned));
    }

    /// Keeps what a failure means for the whole call.
    pub(super) fn note(&self, error: &OutboundError) {
        match error {
            OutboundError::Limit(exceeded) => {
                self.lock().exceeded.get_or_insert(*exceeded);
            }
            OutboundError::CredentialEchoed(name) => {
                let first = {
                    let mut traffic = self.lock();
                    let first = traffic.echoed.is_none();
                    traffic.echoed.get_or_insert_with(|| name.clone());
                    first
                };
                if first {
                    let message = format!("An answer held the credential {name:?}; it was withheld and the call ends");
                    let data = serde_json::json!({ "credential": name });
                    self.event("credential_echoed", EventLevel::Error, message, data);
                }
            }
            OutboundError::NotGranted | OutboundError::AddressProhibited | OutboundError::Framing(_) => {
                self.lock().denied = true;
            }
            _ => {}
        }
    }

    pub(super) fn event(&self, kind: &'static str, level: EventLevel, message: String, data: serde_json::Value) {
        let event = NewEvent::info(kind, message, self.clock.now()).at_level(level).with_data(data);
        self.lock().events.push(event);
    }
}
