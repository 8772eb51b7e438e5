//! The limits on memory, tables and instances, as a guest grows them.

use super::limits::{LimitExceeded, LimitName, Limits};

/// Enforces the limits on memory, tables and instances, and remembers the peak. A component may have several of each: what counts
/// is their sum.
#[derive(Debug)]
pub(crate) struct Growth {
    memory: Sum,
    tables: Sum,
    core_instances: usize,
}

impl Growth {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: Sum::new(LimitName::MemoryBytes, limits.memory_bytes),
            tables: Sum::new(LimitName::TableElements, limits.table_elements),
            core_instances: limits.core_instances,
        }
    }

    /// The most linear memory that the guest had: bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        self.memory.peak
    }
}

#[derive(Debug)]
struct Sum {
    name: LimitName,
    limit: usize,
    current: usize,
    peak: usize,
}

impl Sum {
    fn new(name: LimitName, limit: usize) -> Self {
        Self { name, limit, current: 0, peak: 0 }
    }

    fn grow(&mut self, from: usize, to: usize) -> Result<(), LimitExceeded> {
        let total = self.current.saturating_sub(from).saturating_add(to);
        if total > self.limit {
            return Err(LimitExceeded::with(self.name, self.limit, total));
        }
        self.current = total;
        self.peak = self.peak.max(total);
        Ok(())
    }
}

impl wasmtime::ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.memory.grow(current, desired)?;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.tables.grow(current, desired)?;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.core_instances
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::ResourceLimiter as _;

    use super::*;

    fn growth() -> Growth {
        Growth::new(&Limits { memory_bytes: 100, table_elements: 10, ..Limits::default() })
    }

    #[test]
    fn all_memories_together_stay_within_the_limit() {
        let mut growth = growth();
        assert!(growth.memory_growing(0, 60, None).is_ok_and(|may| may));
        assert!(growth.memory_growing(0, 40, None).is_ok_and(|may| may));
        let error = growth.memory_growing(40, 41, None).expect_err("is over the limit");
        let exceeded = error.downcast_ref::<LimitExceeded>().expect("a limit");
        assert_eq!(*exceeded, LimitExceeded { name: LimitName::MemoryBytes, limit: 100, reached: Some(101) });
        assert_eq!(growth.peak_memory(), 100);
    }

    #[test]
    fn all_tables_together_stay_within_the_limit() {
        let mut growth = growth();
        assert!(growth.table_growing(0, 6, None).is_ok_and(|may| may));
        assert!(growth.table_growing(6, 10, None).is_ok_and(|may| may));
        let error = growth.table_growing(0, 3, None).expect_err("is over the limit");
        let exceeded = error.downcast_ref::<LimitExceeded>().expect("a limit");
        assert_eq!(*exceeded, LimitExceeded { name: LimitName::TableElements, limit: 10, reached: Some(13) });
    }
}
