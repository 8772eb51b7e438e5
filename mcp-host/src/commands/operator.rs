//! Who types.

use bulkhead_audit::Actor;

/// Whoever can start this process can read the data directory, so the operating system's word is good enough.
pub(super) fn operator() -> Actor {
    #[cfg(unix)]
    return Actor::operator(format!("uid {}", rustix::process::getuid().as_raw()));
    #[cfg(not(unix))]
    return Actor::operator("unknown");
}
