//! Wasmtime as the sandbox uses it.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use bulkhead_wasi::StoreData;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::background::Background;
use super::bindings::Connector as ConnectorWorld;
use super::host::Guest;
use super::plain;
use crate::config::SandboxConfig;
use crate::epochs::Epochs;

/// How large the pool of instances is.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Calls that run at once; more wait for their turn.
    pub concurrent_calls: u32,
    /// The most linear memory that any connector may be given: bytes.
    pub max_memory_bytes: usize,
    /// The most elements that one table may have.
    pub max_table_elements: usize,
    /// Core instances that one component may consist of.
    pub max_core_instances: u32,
    /// Linear memories that one component may have.
    pub max_memories: u32,
    /// Tables that one component may have.
    pub max_tables: u32,
    /// Tools that one component may have.
    pub max_tools: usize,
    /// Components with functions of their own of which one may be composed, itself included.
    pub max_parts: u32,
    /// Bytes that a component's binary may have.
    pub max_component_bytes: usize,
    /// Functions that all modules of a component may have together.
    pub max_functions: u32,
    /// Bytes of code that one function may have.
    pub max_function_bytes: usize,
    /// Parameters or results that one function or block may have.
    pub max_arity: u32,
    /// The bytes of each function times one more than its locals, all together.
    pub max_compile_effort: u64,
    /// Time that compiling a component may take.
    pub compile_time: Duration,
    /// Time that a component may take to initialise itself, and again to describe itself, when it is installed.
    pub install_time: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        SandboxConfig::default().options()
    }
}

/// How often a computing guest is interrupted, to let others run and to look at its limits.
pub(crate) const EPOCH: Duration = Duration::from_millis(1);

/// What comes into the pool's slots is kept resident up to here, and reset by copying instead of unmapping: with
/// `pagemap_scan` only the pages that were ever written. Measured: twice the calls per second of a small tool. It is not
/// much more than `jq` needs, which was as quick with 256 KiB, because a slot that a hostile call filled keeps all of it
/// and copies it back in each later call: with 4 MiB, 10,000 hostile calls left 100 MiB more.
const KEEP_RESIDENT_MEMORY: usize = 512 << 10;
const KEEP_RESIDENT_SMALL: usize = 64 << 10;

/// Each part of a component may wait on a stack of its own. Beside these a call has one on which it goes on, and keeps one
/// that it used before.
const SPARE_STACKS: u32 = 2;

/// What runs guests, and how many may run.
#[derive(Clone)]
pub struct SandboxEngine {
    /// For components that call and are called one after the other. The component model's tasks, which they don't need,
    /// would cost every call of theirs a third more.
    synchronous: Arc<Runtime>,
    /// For components with functions, streams or futures that are asynchronous: those of WASI 0.3.
    concurrent: Arc<Runtime>,
    pub(crate) slots: Arc<tokio::sync::Semaphore>,
    /// The one place in which to compile.
    pub(super) compiling: Arc<tokio::sync::Semaphore>,
    pub(crate) options: EngineOptions,
    pub(crate) background: Arc<Background>,
}

/// An engine with a pool of its own, and what its guests are linked to.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<StoreData>,
    pub(crate) epochs: Arc<Epochs>,
}

impl Runtime {
    fn new(engine: Engine, epochs: Arc<Epochs>, concurrency: bool) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&engine);
        bulkhead_wasi::add_p2(&mut linker)?;
        bulkhead_wasi::add_p2_http(&mut linker)?;
        if concurrency {
            // Its requests take the same way out as those of WASI 0.2.
            bulkhead_wasi::add_p3(&mut linker)?;
        }
        plain::add_config_store_to_linker(&mut linker)?;
        ConnectorWorld::add_to_linker::<_, HasSelf<Guest>>(&mut linker, StoreData::get_mut)?;
        Ok(Self { engine, linker, epochs })
    }
}

impl SandboxEngine {
    /// Starts the engines, the thread that interrupts guests and those for guests that compute for long.
    ///
    /// # Errors
    /// When the machine can't give the pools their address space or Wasmtime refuses the configuration.
    pub fn new(options: EngineOptions) -> wasmtime::Result<Self> {
        let engine = |concurrency| Engine::new(config(options).concurrency_support(concurrency));
        let (synchronous, concurrent) = (engine(false)?, engine(true)?);
        let epochs = Epochs::start("epochs", EPOCH, [&synchronous, &concurrent])?;
        Ok(Self {
            synchronous: Arc::new(Runtime::new(synchronous, epochs.clone(), false)?),
            concurrent: Arc::new(Runtime::new(concurrent, epochs, true)?),
            slots: Arc::new(tokio::sync::Semaphore::new(options.concurrent_calls as usize)),
            compiling: Arc::new(tokio::sync::Semaphore::new(1)),
            options,
            background: Arc::new(Background::start()?),
        })
    }

    /// What runs components that need concurrency, or those that don't.
    pub(crate) fn runtime(&self, concurrent: bool) -> &Arc<Runtime> {
        if concurrent { &self.concurrent } else { &self.synchronous }
    }
}

fn config(options: EngineOptions) -> Config {
    let slots = options.concurrent_calls;
    let mut pool = PoolingAllocationConfig::new();
    // There is room for as many calls as may run, each of a component that is as large as one may be: none can use up
    // what another needs. Room that nobody uses is address space alone.
    pool.total_component_instances(slots)
        .max_core_instances_per_component(options.max_core_instances)
        .total_core_instances(slots.saturating_mul(options.max_core_instances))
        .max_memories_per_component(options.max_memories)
        .max_memories_per_module(options.max_memories)
        .total_memories(slots.saturating_mul(options.max_memories))
        .max_tables_per_component(options.max_tables)
        .max_tables_per_module(options.max_tables)
        .total_tables(slots.saturating_mul(options.max_tables))
        .table_elements(options.max_table_elements)
        .total_stacks(slots.saturating_mul(options.max_parts.saturating_add(SPARE_STACKS)))
        .max_memory_size(options.max_memory_bytes)
        .max_unused_warm_slots(slots)
        .linear_memory_keep_resident(KEEP_RESIDENT_MEMORY)
        .table_keep_resident(KEEP_RESIDENT_SMALL)
        .async_stack_keep_resident(KEEP_RESIDENT_SMALL)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .wasm_component_model_map(true)
        // Whether there is one is of interest, not what is in it; a guest that overflows its stack has very long ones.
        .wasm_backtrace_max_frames(NonZero::new(1));
    config
}
