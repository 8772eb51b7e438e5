//! What one instance of a function owns on the host's side. It is dropped with the instance, and everything that the
//! function opened is closed with it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use bulkhead_kernel::Secret;
use bulkhead_wasi::StoreData;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime::component::{HasData, ResourceTable};
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::config::{EdgeLimits, LiveVariable};
use super::engine::EPOCH_TICK;
use super::host::key_value::KeyValueStorage;
use super::host::postgres::PostgresPools;
use super::host::sqlite::SqlitePool;
use super::outbound::OutboundHooks;
use super::stdio::{LineLog, LogContext};
use crate::epochs::Running;

/// What all instances of a component share. It holds no state of a request.
pub(crate) struct ComponentContext {
    pub(crate) id: String,
    pub(crate) limits: Arc<EdgeLimits>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) variables: BTreeMap<String, Secret>,
    /// Of these, those that are looked up for each use.
    pub(crate) live: BTreeMap<String, LiveVariable>,
    pub(crate) outbound: OutboundHooks,
    /// The database `default`, when the component may open it.
    pub(crate) sqlite: Option<Arc<SqlitePool>>,
    /// The key-value store `default`, when the component may open it.
    pub(crate) key_value: Option<Arc<dyn KeyValueStorage>>,
    pub(crate) postgres: Arc<PostgresPools>,
}

/// Why an instance was stopped although its code was sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitReached {
    #[error("the function needs more memory than it may use")]
    Memory,
    #[error("the function computes for longer than it may")]
    CpuTime,
}

/// A request that an instance serves, seen from the host.
pub(crate) struct Ticket {
    pub(crate) correlation: Option<String>,
    /// Tells the waiting request why its instance ended.
    pub(crate) failure: oneshot::Sender<wasmtime::Error>,
    /// Whether the request's failure is in the log already.
    pub(crate) told: Arc<AtomicBool>,
    /// The request's turn; given back when the instance is gone. Only when it serves no other request.
    #[expect(dead_code, reason = "it is held, not read")]
    pub(crate) turn: Option<Arc<OwnedSemaphorePermit>>,
}

/// The data of an instance.
pub(crate) struct GuestState {
    pub(crate) component: Arc<ComponentContext>,
    pub(crate) table: ResourceTable,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) log: Arc<LogContext>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    ticks_left: u64,
    memory_left: usize,
    #[expect(dead_code, reason = "it is held, not read")]
    running: Running,
}

/// The whole state is what the host functions work on.
pub(crate) struct GuestData;

impl HasData for GuestData {
    type Data<'a> = &'a mut GuestState;
}

impl GuestState {
    /// A store for a new instance.
    pub(crate) fn new_store(engine: &Engine, running: Running, component: &Arc<ComponentContext>) -> Store<StoreData> {
        let limits = &component.limits;
        let log = Arc::new(LogContext {
            component: component.id.clone(),
            correlation: OnceLock::new(),
            line_bytes: limits.log_line_bytes,
            lines: limits.log_lines,
        });
        let mut wasi = WasiCtx::builder();
        wasi.stdout(LineLog::new(log.clone(), "stdout")).stderr(LineLog::new(log.clone(), "stderr"));
        wasi.allow_tcp(false).allow_udp(false);
        for (name, value) in &component.environment {
            wasi.env(name, value);
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.host_handles);
        let mut state = Self {
            hooks: component.outbound.clone(),
            ticks_left: 0,
            memory_left: limits.memory_bytes,
            component: component.clone(),
            table,
            tickets: Vec::new(),
            log,
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            running,
        };
        state.restart_cpu_time();
        let mut store = Store::new(engine, StoreData::new(Box::new(state)));
        store.limiter(|data| data.get_mut::<Self>());
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            let state: &mut Self = store.data_mut().get_mut();
            state.ticks_left = state.ticks_left.checked_sub(1).ok_or(LimitReached::CpuTime)?;
            // Other requests run, and the clock of this one is looked at, before it goes on.
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    /// Gives the instance its full computing time again.
    pub(crate) fn restart_cpu_time(&mut self) {
        let ticks = self.component.limits.cpu_time.as_nanos().div_ceil(EPOCH_TICK.as_nanos());
        self.ticks_left = u64::try_from(ticks).unwrap_or(u64::MAX);
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

impl ResourceLimiter for GuestState {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // One budget over all memories of the instance. An error ends it at once: what a program does after an
        // allocation failed is rarely worth waiting for, and the caller is told the reason.
        let more = desired.saturating_sub(current);
        self.memory_left = self.memory_left.checked_sub(more).ok_or(LimitReached::Memory)?;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // An element takes a pointer's size on the host.
        let bytes = desired.saturating_mul(size_of::<usize>());
        Ok(bytes <= self.component.limits.memory_bytes && maximum.is_none_or(|maximum| desired <= maximum))
    }
}
