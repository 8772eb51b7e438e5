//! The time, and waiting. A test's clock is [`fake::Host`](crate::fake::Host)'s, where nobody really waits.
//!
//! A component asks WASI itself: the standard library of wasm32-unknown-unknown has no clock.

use std::time::{Duration, SystemTime};

/// The time now.
#[must_use]
pub fn now() -> SystemTime {
    source::now()
}

/// Waits. The job's time runs on meanwhile, its CPU time does not.
pub fn sleep(duration: Duration) {
    source::sleep(duration);
}

#[cfg(not(target_family = "wasm"))]
use crate::fake as source;

#[cfg(target_family = "wasm")]
mod source {
    use std::time::{Duration, SystemTime};

    use wasip2::clocks::{monotonic_clock, wall_clock};

    pub(super) fn now() -> SystemTime {
        let now = wall_clock::now();
        SystemTime::UNIX_EPOCH + Duration::new(now.seconds, now.nanoseconds)
    }

    pub(super) fn sleep(duration: Duration) {
        monotonic_clock::subscribe_duration(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).block();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Host;

    #[test]
    fn who_sleeps_wakes_later() {
        let (slept, _) = Host::new().run(|| {
            let start = now();
            sleep(Duration::from_secs(90));
            now().duration_since(start).ok()
        });
        assert_eq!(slept, Some(Duration::from_secs(90)));
    }
}
