//! The time, and waiting. A test's clock is [`fake::Host`](crate::fake::Host)'s, where nobody really waits.

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

#[cfg(not(target_os = "wasi"))]
use crate::fake as source;

#[cfg(target_os = "wasi")]
mod source {
    use std::time::{Duration, SystemTime};

    pub(super) fn now() -> SystemTime {
        #[expect(clippy::disallowed_methods, reason = "the one place where a component asks its host for the time")]
        SystemTime::now()
    }

    pub(super) fn sleep(duration: Duration) {
        std::thread::sleep(duration);
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
