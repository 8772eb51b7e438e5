//! How long a call computes, as opposed to how long it takes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use rustix::time::{ClockId, clock_gettime};

/// CPU time of a future, readable while it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuMeter(Arc<AtomicU64>);

impl CpuMeter {
    /// The CPU time of all polls that have returned.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// The same future, metered. A thread's own CPU clock is read, so that waiting for a core is not counted.
    pub(crate) fn measure<F: Future>(&self, future: F) -> Metered<F> {
        Metered { future, meter: self.clone() }
    }
}

fn thread_cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

pin_project! {
    /// A future whose polls are timed.
    pub(crate) struct Metered<F> {
        #[pin]
        future: F,
        meter: CpuMeter,
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let start = thread_cpu_nanos();
        let poll = this.future.poll(context);
        this.meter.0.fetch_add(thread_cpu_nanos().saturating_sub(start), Ordering::Relaxed);
        poll
    }
}
