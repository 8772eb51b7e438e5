//! What the embedder gives the runtime, and every limit it enforces.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bulkhead_kernel::Secret;

/// Everything that a runtime is started from.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// The `spin.toml`. Paths in it are relative to its folder.
    pub manifest: PathBuf,
    /// The folder for compiled components. Created, readable by this user only.
    pub cache_dir: PathBuf,
    /// The SQLite file behind the database `default`. Its folder must exist; whoever migrates it creates the file.
    pub sqlite_default: PathBuf,
    /// The SQLite file behind the key-value store `default`. Created when a function first opens the store.
    pub key_value_default: PathBuf,
    /// Values of application variables. They win over `SPIN_VARIABLE_<NAME>` in the environment, which wins over the
    /// default in the manifest.
    pub variables: BTreeMap<String, Secret>,
    /// Variables whose values become others while the runtime runs. They win over all of these.
    pub live: BTreeMap<String, LiveVariable>,
    /// The limits.
    pub limits: EdgeLimits,
}

/// A variable that is looked up whenever a function asks for it, such as a key that is rotated meanwhile.
#[derive(Clone)]
pub struct LiveVariable(Arc<dyn Fn() -> Secret + Send + Sync>);

impl LiveVariable {
    /// One whose value this finds. It is called within a request, so it should take no time.
    pub fn new(value: impl Fn() -> Secret + Send + Sync + 'static) -> Self {
        Self(Arc::new(value))
    }

    pub(crate) fn value(&self) -> Secret {
        (self.0)()
    }
}

impl fmt::Debug for LiveVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveVariable(…)")
    }
}

/// The limits of the runtime and of each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeLimits {
    /// Requests that run at once, over all components. More wait for [`Self::queue_timeout`]. Default 256.
    pub concurrent_requests: usize,
    /// How long a request waits for its turn before it is refused with 503. Default 5 s.
    pub queue_timeout: Duration,
    /// Wall-clock time from the turn of a request to the end of its response; then 504, or a cut connection when the
    /// response had begun. Default 60 s.
    pub request_timeout: Duration,
    /// Time a request may spend computing, counted in slices of [`super::EPOCH_TICK`]; a slice that follows a wait
    /// counts as a whole one. Then 504. Default 10 s.
    pub cpu_time: Duration,
    /// Bytes of memory of one instance; growing beyond it ends the request with 503. Default 128 MiB.
    pub memory_bytes: usize,
    /// Bytes of a request's body; more are refused with 413. Default 4 MiB.
    pub request_body_bytes: usize,
    /// Requests that one instance serves before it is dropped. Default 1, because requests belong to different
    /// tenants; Spin's own default is 128.
    pub requests_per_instance: usize,
    /// Requests that one instance serves at once, when it serves several. Default 1; Spin's own default is 16.
    pub concurrent_requests_per_instance: usize,
    /// How long an instance that may serve more requests waits for one. Default 1 s, as on Spin.
    pub idle_instance_timeout: Duration,
    /// Bytes of one result that a host interface buffers: a query's rows, one streamed row, a stored value.
    /// Default 16 MiB; Spin's is 128 MiB.
    pub host_result_bytes: usize,
    /// Handles (connections, stores, bodies, streams) that one instance holds. Default 256, as on Spin.
    pub host_handles: usize,
    /// Bytes of a line that a function prints; the rest of it is left out of the log. Default 8 KiB.
    pub log_line_bytes: usize,
    /// Lines that one instance may print; later ones are left out of the log. Default 1000.
    pub log_lines: usize,
    /// Time to connect to an outbound host, TLS included. A function may ask for less. Default 5 s.
    pub outbound_connect_timeout: Duration,
    /// Time to the first byte of an outbound response, and between bytes. A function may ask for less. Default 30 s.
    pub outbound_response_timeout: Duration,
    /// Connections that are kept open to one PostgreSQL address. Default 64, as on Spin.
    pub postgres_connections: usize,
}
