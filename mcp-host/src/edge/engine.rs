//! The engine that every function shares, and the clock that lets it interrupt one.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::config::EdgeLimits;
use super::error::EdgeError;
use crate::epochs::Epochs;

/// How often a computing function is interrupted, so that others run and its limits are checked.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// What stays mapped between two instances, so that a fresh one costs few page faults: memory, tables and stack.
const KEEP_MEMORY: usize = 4 << 20;
const KEEP_TABLE: usize = 64 << 10;
const KEEP_STACK: usize = 64 << 10;
/// A component is several core modules: the program, adapters for its imports, and shims between them.
const CORE_INSTANCES_PER_COMPONENT: u32 = 16;

/// Makes the engine and starts its clock.
///
/// Slots for all instances are reserved in advance, which makes a fresh instance several times cheaper. On a machine
/// that refuses the address space for it, instances are allocated one by one instead.
pub(crate) fn start(limits: &EdgeLimits) -> Result<(Engine, Arc<Epochs>), EdgeError> {
    let engine = Engine::new(&pooled(limits)).or_else(|error| {
        tracing::warn!(
            error = format!("{error:#}"),
            "no pool of instances on this machine; functions start more slowly"
        );
        Engine::new(&common()).map_err(|error| EdgeError::Engine(format!("{error:#}")))
    })?;
    let epochs = Epochs::start("edge-epochs", EPOCH_TICK, [&engine]);
    Ok((engine, epochs.map_err(|error| EdgeError::Engine(error.to_string()))?))
}

fn common() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config
}

fn pooled(limits: &EdgeLimits) -> Config {
    // An instance that may serve more requests keeps its slot while it waits for one, so there are more slots then.
    let per_request = if limits.requests_per_instance > 1 { 2 } else { 1 };
    let instances =
        u32::try_from(limits.concurrent_requests).unwrap_or(u32::MAX).saturating_mul(per_request).saturating_add(8);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    pool.total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT));
    pool.max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT);
    pool.total_memories(instances.saturating_mul(2));
    pool.max_memories_per_component(2);
    pool.total_tables(instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT));
    pool.max_tables_per_component(CORE_INSTANCES_PER_COMPONENT);
    // Several stacks each: a guest task that waits inside a host call keeps its own.
    pool.total_stacks(instances.saturating_mul(4));
    pool.max_memory_size(limits.memory_bytes);
    pool.linear_memory_keep_resident(KEEP_MEMORY);
    pool.table_keep_resident(KEEP_TABLE);
    pool.async_stack_keep_resident(KEEP_STACK);
    pool.pagemap_scan(Enabled::Auto);
    let mut config = common();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}
