//! One call: store, instance, guest, report.

use std::time::{Duration, Instant};

use bulkhead_execution::{EventLevel, JobError, JobErrorKind, NewEvent, Outcome, Usage};
use bulkhead_kernel::Clock;
use serde_json::{Value, json};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};

use super::bindings::ConnectorPre;
use super::bindings::exports::bulkhead::connector::tools::{Output, ToolError};
use super::engine::EPOCH;
use super::host::Guest;
use super::limits::{LimitExceeded, LimitName, Limits};
use super::plain::PlainComponent;

/// A tool's result.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// The structured result, an object.
    pub structured: Option<Value>,
    /// The result as text.
    pub text: Option<String>,
}

impl ToolOutput {
    /// As a job keeps it: the members of MCP's `CallToolResult` that say something.
    #[must_use]
    pub fn into_result(self) -> Value {
        let mut result = serde_json::Map::new();
        if let Some(text) = self.text {
            result.insert("content".to_owned(), json!([{ "type": "text", "text": text }]));
        }
        if let Some(structured) = self.structured {
            result.insert("structuredContent".to_owned(), structured);
        }
        Value::Object(result)
    }
}

/// How a call ended, what it cost and what happened meanwhile.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// What it cost.
    pub usage: Usage,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
}

pub(crate) fn new_store(engine: &Engine, guest: Guest) -> Store<Guest> {
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.memory);
    store
}

/// What a component exports for its tools.
pub(crate) enum Exports {
    /// The contract, `wit/connector.wit`.
    Contract(ConnectorPre<Guest>),
    /// Functions of its own.
    Plain(PlainComponent),
}

impl Exports {
    /// Instantiates the component and calls the tool.
    async fn call(
        &self,
        store: &mut Store<Guest>,
        limits: Limits,
        tool: &str,
        arguments: &str,
    ) -> wasmtime::Result<Outcome> {
        match self {
            Self::Contract(pre) => {
                let instance = pre.instantiate_async(&mut *store).await?;
                Ok(match instance.bulkhead_connector_tools().call_call(store, tool, arguments).await? {
                    Ok(output) => accept(output, limits),
                    Err(error) => Outcome::Failed(tool_error(error)),
                })
            }
            Self::Plain(component) => component.call(store, tool, arguments, limits).await,
        }
    }
}

/// Runs one tool in a fresh instance. Dropping the future ends the guest.
pub(crate) async fn run(
    engine: &Engine,
    exports: &Exports,
    guest: Guest,
    limits: Limits,
    tool: &str,
    arguments: &str,
    clock: &dyn Clock,
) -> RunReport {
    let start = Instant::now();
    let cpu = guest.cpu.clone();
    let mut store = new_store(engine, guest);
    watch_cpu(&mut store, limits.cpu_time);
    let call = exports.call(&mut store, limits, tool, arguments);
    let called = tokio::time::timeout(limits.wall_time, cpu.measure(call)).await;
    let mut guest = store.into_data();
    let traffic = guest.outbound.take_traffic();
    let outcome = match called {
        Err(_) => exceeded(LimitExceeded { name: LimitName::WallMs, limit: millis(limits.wall_time) }),
        Ok(Ok(outcome)) => match (outcome, traffic.exceeded) {
            // The tool saw a request fail and gave up; that it went over a limit says more than its own words.
            (Outcome::Failed(_), Some(limit)) => exceeded(limit),
            (outcome, _) => outcome,
        },
        Ok(Err(error)) => trapped(&error),
    };
    let usage = Usage {
        cpu_us: micros(guest.cpu.elapsed()),
        wall_us: micros(start.elapsed()),
        peak_memory_bytes: guest.memory.peak as u64,
        outbound_requests: traffic.requests,
        bytes_sent: traffic.sent,
        bytes_received: traffic.received,
    };
    let mut events = std::mem::take(&mut guest.events);
    events.extend(traffic.events);
    events.sort_by_key(|event| event.at);
    if guest.dropped_events > 0 {
        let message = format!("{} more messages of the tool were dropped", guest.dropped_events);
        events.push(NewEvent::info("log", message, clock.now()).at_level(EventLevel::Warn));
    }
    if is_trap(&outcome) {
        let said = guest.stderr.contents();
        if !said.is_empty() {
            let said = String::from_utf8_lossy(&said).replace('\0', "\u{fffd}");
            events.push(NewEvent::info("log", said, clock.now()).at_level(EventLevel::Error));
        }
    }
    RunReport { outcome, usage, events }
}

/// Ends the guest when it has computed for too long, and lets others run every epoch.
pub(crate) fn watch_cpu(store: &mut Store<Guest>, limit: Duration) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| {
        if store.data().cpu.elapsed() + EPOCH > limit {
            return Err(LimitExceeded { name: LimitName::CpuMs, limit: millis(limit) }.into());
        }
        Ok(UpdateDeadline::Yield(1))
    });
}

fn accept(output: Output, limits: Limits) -> Outcome {
    let size = output.structured.as_ref().map_or(0, String::len) + output.text.as_ref().map_or(0, String::len);
    if size > limits.result_bytes {
        return exceeded(LimitExceeded { name: LimitName::ResultBytes, limit: limits.result_bytes as u64 });
    }
    let invalid = |message: &str| Outcome::Failed(JobError::new(JobErrorKind::InvalidOutput, message));
    if output.text.as_ref().is_some_and(|text| text.contains('\0')) {
        return invalid("the tool's text contains a NUL character");
    }
    let structured = match output.structured.as_deref().map(serde_json::from_str::<Value>) {
        None => None,
        Some(Ok(value @ Value::Object(_))) => Some(value),
        Some(Ok(_)) => return invalid("the tool's structured result is not a JSON object"),
        Some(Err(_)) => return invalid("the tool's structured result is not JSON"),
    };
    Outcome::Succeeded(ToolOutput { structured, text: output.text }.into_result())
}

fn tool_error(error: ToolError) -> JobError {
    match error {
        ToolError::UnknownTool(name) => {
            JobError::new(JobErrorKind::InvalidOutput, format!("the component has no tool {name:?} that it described"))
        }
        ToolError::InvalidArguments(faults) => {
            let faults: Vec<Value> =
                faults.into_iter().map(|f| json!({ "pointer": f.pointer, "message": f.message })).collect();
            JobError::new(JobErrorKind::InvalidArguments, "the tool can't use these arguments")
                .with_details(json!({ "faults": faults }))
        }
        ToolError::Upstream((status, message)) => {
            JobError::new(JobErrorKind::Upstream, message).with_details(json!({ "status": status }))
        }
        ToolError::Failed(message) => JobError::new(JobErrorKind::ToolFailed, message),
    }
}

fn trapped(error: &wasmtime::Error) -> Outcome {
    if let Some(limit) = error.downcast_ref::<LimitExceeded>() {
        return exceeded(*limit);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => exceeded(LimitExceeded { name: LimitName::Stack, limit: 0 }),
        Some(trap) => Outcome::Failed(JobError::new(JobErrorKind::Trap, format!("the tool trapped: {trap}"))),
        None => {
            tracing::warn!(error = format!("{error:#}"), "a tool could not be run");
            Outcome::Failed(JobError::new(JobErrorKind::Trap, "the tool's component failed"))
        }
    }
}

fn exceeded(limit: LimitExceeded) -> Outcome {
    let details = json!({ "limit": limit.name, "value": limit.limit });
    Outcome::Failed(JobError::new(JobErrorKind::LimitExceeded, limit.to_string()).with_details(details))
}

fn is_trap(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.kind == JobErrorKind::Trap)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
