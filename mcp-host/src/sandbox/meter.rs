//! How long a call computes, as opposed to how long it takes.
//!
//! Asking the system for a thread's CPU time costs more than a microsecond, so not every poll does. What returns at once
//! has computed for as long as it took; only the rest is measured by the thread's own clock, which does not count
//! waiting for a processor.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use rustix::time::{ClockId, clock_gettime};

/// Up to here, what a poll took is what it computed.
const SHORT: Duration = Duration::from_millis(1);
/// How old a reading of a thread's clock may be when a poll begins. What the thread has computed since then is charged
/// to a poll that loses its processor meanwhile; never more than the poll took.
const STALE: Duration = Duration::from_millis(10);

thread_local! {
    /// The last reading of this thread's clock, and when that was.
    static READ: Cell<Option<(Duration, Instant)>> = const { Cell::new(None) };
}

/// CPU time of a future, readable while it runs.
#[derive(Clone, Debug)]
pub(crate) struct CpuMeter(Arc<Times>);

#[derive(Debug)]
struct Times {
    /// All others are relative to this.
    start: Instant,
    /// CPU time that was charged: nanoseconds.
    charged: AtomicU64,
    /// From when on nothing was charged: nanoseconds.
    since: AtomicU64,
}

impl Default for CpuMeter {
    fn default() -> Self {
        Self(Arc::new(Times { start: Instant::now(), charged: AtomicU64::new(0), since: AtomicU64::new(0) }))
    }
}

impl CpuMeter {
    /// The CPU time up to the end of the last poll, or to when it was last asked for in this one.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.charged.load(Ordering::Relaxed))
    }

    /// The CPU time up to now. It is for the thread that polls.
    pub(crate) fn now(&self) -> Duration {
        self.charge(Instant::now());
        self.elapsed()
    }

    /// The same future, metered.
    pub(crate) fn measure<F: Future>(&self, future: F) -> Metered<F> {
        Metered { future, meter: self.clone() }
    }

    fn begin(&self, now: Instant) {
        if READ.get().is_none_or(|(_, at)| now.saturating_duration_since(at) > STALE) {
            READ.set(Some((thread_cpu(), now)));
        }
        self.0.since.store(nanos(now.saturating_duration_since(self.0.start)), Ordering::Relaxed);
    }

    fn charge(&self, now: Instant) {
        let until = nanos(now.saturating_duration_since(self.0.start));
        let took = Duration::from_nanos(until.saturating_sub(self.0.since.swap(until, Ordering::Relaxed)));
        let computed = if took < SHORT {
            took
        } else {
            let read = thread_cpu();
            let before = READ.replace(Some((read, now)));
            before.map_or(took, |(before, _)| read.saturating_sub(before).min(took))
        };
        self.0.charged.fetch_add(nanos(computed), Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The CPU time of this thread.
pub(super) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
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
        this.meter.begin(Instant::now());
        let poll = this.future.poll(context);
        this.meter.charge(Instant::now());
        poll
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// Computes until the thread's clock says so.
    fn compute(duration: Duration) {
        let start = thread_cpu();
        while thread_cpu() - start < duration {
            black_box(());
        }
    }

    async fn metered(work: impl FnOnce()) -> Duration {
        let meter = CpuMeter::default();
        meter.measure(async { work() }).await;
        meter.elapsed()
    }

    #[tokio::test]
    async fn computing_counts_and_waiting_does_not() {
        let waited = metered(|| std::thread::sleep(Duration::from_millis(100))).await;
        assert!(waited < Duration::from_millis(50), "{waited:?}");
        let computed = metered(|| compute(Duration::from_millis(20))).await;
        assert!(computed >= Duration::from_millis(20), "{computed:?}");
        let short = metered(|| compute(Duration::from_micros(100))).await;
        assert!(short >= Duration::from_micros(100), "{short:?}");
    }

    #[tokio::test]
    async fn what_is_asked_for_meanwhile_is_not_charged_twice() {
        let meter = CpuMeter::default();
        let asked = meter.clone();
        let start = thread_cpu();
        let meanwhile = meter.measure(async move {
            compute(Duration::from_millis(10));
            let meanwhile = asked.now();
            compute(Duration::from_millis(10));
            meanwhile
        });
        let meanwhile = meanwhile.await;
        let all = thread_cpu() - start;
        assert!(meanwhile >= Duration::from_millis(10), "{meanwhile:?}");
        assert!(meter.elapsed() >= Duration::from_millis(20), "{:?}", meter.elapsed());
        assert!(meter.elapsed() <= all + STALE, "{:?} of {all:?}", meter.elapsed());
    }
}
