//! What a guest can call, and the state of one call.

use std::collections::BTreeSet;
use std::sync::Arc;

use bulkhead_execution::{EventLevel, NewEvent};
use bulkhead_kernel::Clock;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::bindings::bulkhead::connector::{host, types};
use super::connector::Settings;
use super::growth::Growth;
use super::invocation::{Observer, Signal};
use super::limits::{LimitExceeded, LimitName, Limits};
use super::meter::CpuMeter;
use super::outbound::Outbound;
use super::stderr::KeptStderr;
use crate::epochs::Running;

/// Messages that are not kept.
#[derive(Clone, Copy, Default)]
struct Dropped {
    /// After as many as are kept.
    beyond_number: usize,
    /// Longer than what is left for all together.
    beyond_length: usize,
    /// The bytes of these.
    bytes: usize,
}

/// The data of one call's store. It lives as long as the call.
pub(crate) struct Guest {
    /// Made when it is first asked for: a component without WASI never does.
    wasi: Option<WasiCtx>,
    http: WasiHttpCtx,
    table: ResourceTable,
    settings: Arc<Settings>,
    pub(crate) variables: Arc<[(String, String)]>,
    pub(crate) limits: Limits,
    clock: Arc<dyn Clock>,
    /// Events, and the bytes of their messages.
    logged: (usize, usize),
    observer: Option<Observer>,
    done: Option<u64>,
    pub(crate) updated: BTreeSet<String>,
    dropped: Dropped,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) outbound: Outbound,
    pub(crate) growth: Growth,
    pub(crate) cpu: CpuMeter,
    pub(crate) stderr: KeptStderr,
    /// From when it has a store.
    pub(crate) running: Option<Running>,
}

impl Guest {
    /// `observer` is told at once what the guest says.
    pub(crate) fn new(
        settings: Arc<Settings>,
        variables: Arc<[(String, String)]>,
        limits: Limits,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        observer: Option<Observer>,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        Self {
            wasi: None,
            http: WasiHttpCtx::new(),
            table,
            settings,
            variables,
            limits,
            clock,
            logged: (0, 0),
            observer,
            done: None,
            updated: BTreeSet::new(),
            dropped: Dropped::default(),
            events: Vec::new(),
            outbound,
            growth: Growth::new(&limits),
            cpu: CpuMeter::default(),
            stderr: KeptStderr::new(limits.stderr_bytes),
            running: None,
        }
    }

    /// What the guest says, as it is kept; nothing when it has said enough.
    fn hear(&mut self, message: &str) -> Option<String> {
        let Limits { log_events, log_message_bytes, log_bytes, .. } = self.limits;
        let (events, bytes) = self.logged;
        if events >= log_events {
            self.dropped.beyond_number += 1;
            return None;
        }
        let message = cut(message, log_message_bytes);
        if message.len() > log_bytes - bytes {
            self.dropped.beyond_length += 1;
            self.dropped.bytes = self.dropped.bytes.saturating_add(message.len());
            return None;
        }
        self.logged = (events + 1, bytes + message.len());
        Some(message)
    }

    /// How many messages were dropped, by the limit at which they were.
    pub(crate) fn dropped(&self) -> impl Iterator<Item = (usize, LimitExceeded)> + use<> {
        let (Limits { log_events, log_bytes, .. }, (events, bytes)) = (self.limits, self.logged);
        let Dropped { beyond_number, beyond_length, bytes: more } = self.dropped;
        let number = LimitExceeded::with(LimitName::LogEvents, log_events, events.saturating_add(beyond_number));
        let length = LimitExceeded::with(LimitName::LogBytes, log_bytes, bytes.saturating_add(more));
        [(beyond_number, number), (beyond_length, length)].into_iter().filter(|(messages, _)| *messages > 0)
    }

    fn record(&mut self, kind: &'static str, level: EventLevel, message: String, data: Option<serde_json::Value>) {
        self.events.push(NewEvent { level, kind, message, data, at: self.clock.now() });
    }

    fn signal(&self, signal: impl FnOnce() -> Signal) {
        if let Some(observer) = &self.observer {
            // Whoever listened may have gone away; the run goes on.
            let _ = observer.send(signal());
        }
    }
}

/// The text without NUL, which PostgreSQL can't store, and not longer than `bytes`.
pub(super) fn cut(text: &str, bytes: usize) -> String {
    let end = text.floor_char_boundary(bytes.min(text.len()));
    let mut text = text[..end].replace('\0', "\u{fffd}");
    // What stands for a NUL is longer than it.
    text.truncate(text.floor_char_boundary(bytes.min(text.len())));
    text
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi, stderr, variables, limits, table, .. } = self;
        // No file, no argument, no socket, and no variable but those that are settings: what is not given here does not
        // exist for the guest.
        let make = || {
            let mut wasi = WasiCtxBuilder::new();
            wasi.stderr(stderr.clone()).envs(variables).max_random_size(limits.random_bytes).build()
        };
        WasiCtxView { ctx: wasi.get_or_insert_with(make), table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}

impl types::Host for Guest {}

impl host::Host for Guest {
    fn setting(&mut self, name: String) -> Option<String> {
        self.settings.get(&name).cloned()
    }

    fn log(&mut self, level: host::Level, message: String) {
        let level = match level {
            host::Level::Info => EventLevel::Info,
            host::Level::Warn => EventLevel::Warn,
            host::Level::Error => EventLevel::Error,
        };
        if let Some(message) = self.hear(&message) {
            self.signal(|| Signal::Log(level, message.clone()));
            self.record("log", level, message, None);
        }
    }

    fn progress(&mut self, done: u64, total: Option<u64>, message: Option<String>) {
        // Progress that does not grow is none, and MCP forbids to tell it.
        if self.done.is_some_and(|before| done <= before) {
            return;
        }
        let Some(heard) = self.hear(message.as_deref().unwrap_or_default()) else { return };
        self.done = Some(done);
        let message = message.map(|_| heard);
        self.signal(|| Signal::Progress { done, total, message: message.clone() });
        let data = serde_json::json!({ "done": done, "total": total });
        self.record("progress", EventLevel::Info, message.unwrap_or_else(|| "Progress".to_owned()), Some(data));
    }

    fn resource_updated(&mut self, uri: String) {
        if !self.updated.contains(&uri)
            && let Some(uri) = self.hear(&uri)
        {
            self.updated.insert(uri);
        }
    }

    fn write_stderr(&mut self, text: u64) {
        self.stderr.keep(text.to_le_bytes().into_iter().filter(|byte| *byte != 0));
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_message_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "ä");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("a\0b", 9), "a\u{fffd}b");
    }
}
