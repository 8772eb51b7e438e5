//! Limits that Wasmtime enforces, in our terms.

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;

use super::limits::{LimitExceeded, LimitName, Limits};

/// What Wasmtime says, where it has no public type for it. A test of the hostile corpus meets each of them.
const FUEL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";
const HANDLES_EXHAUSTED: &str = "store handle limit exceeded";
const INSTANCES_REFUSED: &str = "resource limit exceeded: instance count too high at ";
const RANDOM_REFUSED: &str = "requested len ";

/// The limit that a call ended at, if it was one; `fuel` is what its store had for each time that the guest hands over
/// something.
pub(super) fn of(error: &wasmtime::Error, limits: &Limits, fuel: usize) -> Option<LimitExceeded> {
    if let Some(exceeded) = error.downcast_ref::<LimitExceeded>() {
        return Some(*exceeded);
    }
    if let Some(Trap::StackOverflow) = error.downcast_ref::<Trap>() {
        return Some(LimitExceeded::beyond(LimitName::Stack, 0_u64));
    }
    let one_more = LimitExceeded::with(LimitName::Resources, limits.resources, limits.resources.saturating_add(1));
    for cause in error.chain() {
        if let Some(ResourceTableError::Full) = cause.downcast_ref::<ResourceTableError>() {
            return Some(one_more);
        }
        let said = cause.to_string();
        if said.contains(HANDLES_EXHAUSTED) {
            return Some(one_more);
        }
        if said.contains(FUEL_EXHAUSTED) {
            return Some(LimitExceeded::beyond(LimitName::HostcallBytes, fuel));
        }
        if let Some(reached) = said.strip_prefix(INSTANCES_REFUSED).and_then(|count| count.parse::<u64>().ok()) {
            return Some(LimitExceeded::with(LimitName::CoreInstances, limits.core_instances, reached));
        }
        if let Some(asked) = said.strip_prefix(RANDOM_REFUSED).and_then(|rest| rest.split(' ').next()?.parse().ok()) {
            return Some(LimitExceeded::with::<u64, u64>(LimitName::RandomBytes, limits.random_bytes, asked));
        }
    }
    None
}
