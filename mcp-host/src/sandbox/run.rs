//! One request to a connector: store, instance, guest, report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulkhead_execution::{EventLevel, JobError, JobErrorKind, NewEvent, Outcome, Round, Usage};
use bulkhead_kernel::{Clock, Timestamp};
use bulkhead_wasi::StoreData;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use wasmtime::{Store, Trap, UpdateDeadline};

use super::background::{Background, Demotion};
use super::engine::{EPOCH, Runtime};
use super::engine_limits;
use super::exports::Exports;
use super::host::Guest;
use super::invocation::Operation;
use super::limits::{LimitExceeded, LimitName, Limits};

/// How calls end that the sandbox or the contract put an end to.
const AGAINST_RULES: [JobErrorKind; 3] = [JobErrorKind::Trap, JobErrorKind::LimitExceeded, JobErrorKind::InvalidOutput];

/// How a call ended, what it cost and what happened meanwhile.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost.
    pub usage: Usage,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
    /// Resources that are worth reading again, as the guest says.
    pub updated: Vec<String>,
    /// The names of credentials with which a request was answered 401.
    pub refused: Vec<String>,
    /// Whether the guest did what none may: it trapped, asked for what it was not granted, answered what the contract does not
    /// allow, or went over a limit, other than those of waiting.
    pub broke_rules: bool,
}

impl RunReport {
    /// Of a run that failed before it began.
    #[must_use]
    pub fn failed(error: JobError) -> Self {
        let (events, updated, refused) = (Vec::new(), Vec::new(), Vec::new());
        let outcome = Outcome::Failed(error);
        Self { outcome, usage: Usage::default(), events, updated, refused, broke_rules: false }
    }
}

/// A store for one instance. While there is one, epochs are counted.
pub(crate) fn new_store(runtime: &Runtime, mut guest: Box<Guest>) -> Store<StoreData> {
    let limits = guest.limits;
    guest.running = Some(runtime.epochs.run());
    let mut store = Store::new(&runtime.engine, StoreData::new(guest));
    store.limiter(|data| &mut data.get_mut::<Guest>().growth);
    store.set_hostcall_fuel(limits.hostcall_fuel());
    // A guest makes resources of its own, futures and streams without the host's code in between: the engine counts these.
    store.set_max_component_handles(limits.resources);
    if let Some(table) = store.concurrent_resource_table() {
        table.set_max_capacity(limits.resources);
    }
    store
}

/// What ended a call that did not end itself.
enum CutShort {
    WallTime,
    Canceled,
}

/// Waits until a call is to be stopped.
pub(super) async fn stopped(stop: Option<&CancellationToken>) {
    match stop {
        Some(stop) => stop.cancelled().await,
        None => std::future::pending().await,
    }
}

/// One thing to do, and with what.
pub(super) struct Task {
    pub(super) runtime: Arc<Runtime>,
    pub(super) exports: Arc<Exports>,
    /// It is large, and handed on often.
    pub(super) guest: Box<Guest>,
    pub(super) operation: Operation,
    pub(super) round: Round,
    pub(super) stop: Option<CancellationToken>,
    /// The place in the pool, which is free again when the instance is gone.
    pub(super) slot: OwnedSemaphorePermit,
}

/// What is left of a guest.
struct Ended {
    called: Result<wasmtime::Result<Outcome>, CutShort>,
    fuel: usize,
    guest: Box<Guest>,
}

impl Task {
    async fn run(self, demotion: Demotion) -> Ended {
        let Self { runtime, exports, guest, operation, round, stop, slot } = self;
        let (limits, cpu) = (guest.limits, guest.cpu.clone());
        let mut store = new_store(&runtime, guest);
        watch_cpu(&mut store, limits.cpu_time, demotion);
        let call = exports.call(&mut store, operation, round, limits);
        let called = tokio::select! {
            biased;
            called = tokio::time::timeout(limits.wall_time, cpu.measure(call)) => called.map_err(|_| CutShort::WallTime),
            () = stopped(stop.as_ref()) => Err(CutShort::Canceled),
        };
        let (fuel, guest) = (store.hostcall_fuel(), store.into_data().into_guest());
        drop(slot);
        Ended { called, fuel, guest }
    }
}

/// Does one thing in a fresh instance. Dropping the future ends the guest.
pub(super) async fn run(task: Task, background: &Background, clock: &dyn Clock) -> RunReport {
    let (start, limits, demotion) = (Instant::now(), task.guest.limits, Demotion::default());
    let Ended { called, fuel, mut guest } = background.run(Box::pin(task.run(demotion.clone())), &demotion).await;
    let traffic = guest.outbound.take_traffic();
    let cut_short = called.is_err() || traffic.exceeded.is_some_and(|limit| limit.name.is_of_waiting());
    let outcome = match called {
        // Whatever the tool made of it: an answer was withheld from it, and a person has to know.
        _ if traffic.echoed.is_some() => echoed(traffic.echoed.as_deref().unwrap_or_default()),
        Err(CutShort::Canceled) => Outcome::Failed(canceled()),
        Err(CutShort::WallTime) => {
            exceeded(LimitExceeded::with(LimitName::WallMs, millis(limits.wall_time), millis(start.elapsed())))
        }
        Ok(Ok(outcome)) => match (outcome, traffic.exceeded) {
            // The tool saw a request fail and gave up; that it went over a limit says more than its own words.
            (Outcome::Failed(_), Some(limit)) => exceeded(limit),
            (outcome, _) => outcome,
        },
        Ok(Err(error)) => trapped(&error, &limits, fuel),
    };
    let usage = Usage {
        cpu_us: micros(guest.cpu.elapsed()),
        wall_us: micros(start.elapsed()),
        peak_memory_bytes: guest.growth.peak_memory() as u64,
        outbound_requests: traffic.requests,
        bytes_sent: traffic.sent,
        bytes_received: traffic.received,
    };
    let updated = std::mem::take(&mut guest.updated).into_iter().collect();
    let mut events = std::mem::take(&mut guest.events);
    events.extend(traffic.events);
    events.sort_by_key(|event| event.at);
    events.extend(traffic.exceeded.and_then(|limit| swallowed(limit, &outcome, clock.now())));
    let logged = events.len();
    events.extend(guest.dropped().map(|(messages, limit)| dropped(messages, limit, clock.now())));
    let flooded = events.len() > logged;
    if is_of_kind(&outcome, &[JobErrorKind::Trap]) {
        let said = guest.stderr.contents();
        if !said.is_empty() {
            let said = String::from_utf8_lossy(&said).replace('\0', "\u{fffd}");
            events.push(NewEvent::info("log", said, clock.now()).at_level(EventLevel::Error));
        }
    }
    let broke_rules = traffic.denied || flooded || (!cut_short && is_of_kind(&outcome, &AGAINST_RULES));
    let refused = traffic.refused.into_iter().collect();
    RunReport { outcome, usage, events, updated, refused, broke_rules }
}

/// Ends the guest when it has computed for too long, and lets others run when it has for a while.
pub(super) fn watch_cpu(store: &mut Store<StoreData>, limit: Duration, demotion: Demotion) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| {
        let reached = store.data().get::<Guest>().cpu.now();
        if reached > limit {
            return Err(LimitExceeded::with(LimitName::CpuMs, millis(limit), millis(reached)).into());
        }
        if reached < EPOCH {
            // It was waiting while the epoch passed.
            return Ok(UpdateDeadline::Continue(1));
        }
        demotion.demand();
        Ok(UpdateDeadline::Yield(1))
    });
}

fn trapped(error: &wasmtime::Error, limits: &Limits, fuel: usize) -> Outcome {
    if let Some(limit) = engine_limits::of(error, limits, fuel) {
        return exceeded(limit);
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => Outcome::Failed(JobError::new(JobErrorKind::Trap, format!("the tool trapped: {trap}"))),
        None => {
            tracing::warn!(error = format!("{error:#}"), "a tool could not be run");
            Outcome::Failed(JobError::new(JobErrorKind::Trap, "the tool's component failed"))
        }
    }
}

fn echoed(credential: &str) -> Outcome {
    let message = format!(
        "the service sent the credential {credential:?} back; the answer was withheld from the tool. Replace the \
         credential if others could see that answer"
    );
    let details = json!({ "credential": credential });
    Outcome::Failed(JobError::new(JobErrorKind::CredentialEchoed, message).with_details(details))
}

/// Of a call that was stopped.
pub(crate) fn canceled() -> JobError {
    JobError::new(JobErrorKind::Canceled, "canceled while it ran; the tool was stopped")
}

pub(super) fn exceeded(limit: LimitExceeded) -> Outcome {
    Outcome::Failed(limit_error(limit))
}

/// The job's error: which limit, its value, and what was reached or asked for where that is known.
pub(super) fn limit_error(limit: LimitExceeded) -> JobError {
    JobError::new(JobErrorKind::LimitExceeded, limit.to_string()).with_details(limit.details())
}

/// What tells of a limit at which a request failed, when the outcome tells of something else: the tool made do without, or
/// another end came first.
fn swallowed(limit: LimitExceeded, outcome: &Outcome, now: Timestamp) -> Option<NewEvent> {
    let told = matches!(outcome, Outcome::Failed(error) if *error == limit_error(limit));
    let message = || format!("A request of the tool failed: {}", limit.what());
    (!told)
        .then(|| NewEvent::info("limit_exceeded", message(), now).at_level(EventLevel::Warn).with_data(limit.details()))
}

/// What tells of messages that were not kept.
fn dropped(messages: usize, limit: LimitExceeded, now: Timestamp) -> NewEvent {
    let message = format!("{messages} more messages of the tool were dropped: {}", limit.what());
    NewEvent::info("log", message, now).at_level(EventLevel::Warn).with_data(limit.details())
}

fn is_of_kind(outcome: &Outcome, kinds: &[JobErrorKind]) -> bool {
    matches!(outcome, Outcome::Failed(error) if kinds.contains(&error.kind))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_the_outcome_does_not_name_is_an_event() {
        let limit = LimitExceeded::with(LimitName::OutboundRequests, 3_u64, 4_u64);
        let now = Timestamp::from_millis(0);
        let trap = Outcome::Failed(JobError::new(JobErrorKind::Trap, "the tool trapped"));
        let other = exceeded(LimitExceeded::with(LimitName::SentBytes, 3_u64, 4_u64));
        for outcome in [Outcome::Succeeded(json!({})), trap, other] {
            let event = swallowed(limit, &outcome, now).expect("an event");
            assert_eq!((event.kind, event.level), ("limit_exceeded", EventLevel::Warn));
            let what = "it exceeded its limit OutboundRequests of 3 with 4";
            assert_eq!(event.message, format!("A request of the tool failed: {what}"));
            assert_eq!(event.data, Some(json!({ "limit": "outbound_requests", "value": 3, "reached": 4 })));
            // In the words of the error that the call would have ended with.
            assert!(limit_error(limit).message.ends_with(what));
        }
        assert!(swallowed(limit, &exceeded(limit), now).is_none());
    }
}
