//! The host's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use bulkhead_kernel::{Clock, Timestamp};

/// Asks the host for the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpinClock;

impl Clock for SpinClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is wrong anyway; the epoch is the least surprising answer.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(0).plus(since_epoch)
    }
}
