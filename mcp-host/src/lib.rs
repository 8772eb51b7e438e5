//! The native MCP host: sandbox, workers, embedded edge runtime. Its binary is bulkhead.

pub mod compile_cache;
pub mod edge;
