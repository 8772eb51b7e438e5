//! How busy the threads of a runtime are.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::RuntimeMetrics;

/// How long a measurement holds, and over how much of the past it is made.
const WINDOW: Duration = Duration::from_millis(10);

/// How busy the threads of a runtime are.
pub(super) struct Utilization {
    metrics: RuntimeMetrics,
    last: Mutex<Measurement>,
}

struct Measurement {
    at: Instant,
    /// Of all threads together, until then.
    busy: Duration,
    utilization: f64,
}

impl Utilization {
    /// Of this runtime, from now on.
    pub(super) fn of(metrics: RuntimeMetrics) -> Self {
        let last = Mutex::new(Measurement { at: Instant::now(), busy: busy(&metrics), utilization: 0.0 });
        Self { metrics, last }
    }

    /// Of all threads together, for which part of the last moment they were not waiting for work: 0 to 1. Time in which
    /// they were ready but had no processor counts.
    pub(super) fn now(&self) -> f64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = last.at.elapsed();
        if elapsed >= WINDOW {
            let busy = busy(&self.metrics);
            let all = elapsed.as_secs_f64() * self.metrics.num_workers() as f64;
            let utilization = (busy.saturating_sub(last.busy).as_secs_f64() / all).min(1.0);
            *last = Measurement { at: Instant::now(), busy, utilization };
        }
        last.utilization
    }
}

fn busy(metrics: &RuntimeMetrics) -> Duration {
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum()
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Handle;

    use super::*;

    const LONG: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn it_is_the_part_of_the_time_in_which_threads_work() {
        let utilization = Utilization::of(Handle::current().metrics());
        tokio::time::sleep(LONG).await;
        let idle = utilization.now();
        let start = Instant::now();
        while start.elapsed() < LONG {
            std::hint::spin_loop();
        }
        assert_eq!(utilization.last.lock().expect("nobody panicked").utilization, idle, "not measured again yet");
        // Tokio counts when a thread has nothing more to do.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let busy = utilization.now();
        assert!(idle < 0.5 && busy > 0.5 && busy <= 1.0, "{idle} {busy}");
    }

    #[tokio::test]
    async fn a_measurement_holds_for_a_moment() {
        let utilization = Utilization::of(Handle::current().metrics());
        utilization.last.lock().expect("nobody panicked").utilization = 0.25;
        utilization.last.lock().expect("nobody panicked").at = Instant::now() + LONG;
        assert_eq!(utilization.now(), 0.25);
    }
}
