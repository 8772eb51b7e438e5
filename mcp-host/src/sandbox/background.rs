//! Guests that compute for long go on in the background, so that those that don't need not wait for them.
//!
//! Every call begins on the thread of whoever wants it. One that still computes after a slice goes on, until it ends, on
//! threads of a lower priority, which rest while there is a lot to do in front. Whatever a tool does with its time, the
//! next call begins at once. (Multilevel feedback queues do the same for processes.)

use std::future::{Future, poll_fn};
use std::num::NonZero;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use rustix::process::{getpriority_process, setpriority_process};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

use super::utilization::Utilization;

/// How much lower their priority is, by `setpriority(2)`: where all want to compute, such a thread gets a quarter of what
/// another one gets. With the least that there is, calls would starve on a machine that does something else besides.
#[cfg(target_os = "linux")]
const LESS: i32 = 5;
/// The lowest priority that there is.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

/// How long a thread rests for the time that it has computed, while the foreground is busy all the time: it computes for a
/// quarter of the time then. The priority alone does not bring that about. To Linux, a processor that computes at a low
/// priority is a busy one, so that everything else queued for the others: with two processors, guests had 88 % of one of
/// them, while the threads in front waited for longer than they ran.
const REST: f64 = 3.0;
/// A slice that took longer was interrupted.
const LONGEST_SLICE: Duration = Duration::from_millis(2);
const SHORTEST_REST: Duration = Duration::from_micros(100);

/// Slices of guests after which what the network has brought is looked at.
const EVENT_INTERVAL: u32 = 2;

/// Threads of lower priority.
pub(crate) struct Background {
    runtime: Option<Runtime>,
    /// Known from the first call on: nothing else says which threads calls begin on.
    foreground: OnceLock<Arc<Utilization>>,
}

/// Whether a call is to go on in the background. Cheap to clone; every clone is the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Demotion(Arc<AtomicBool>);

impl Demotion {
    /// From the next time that it gives way.
    pub(super) fn demand(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_demanded(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Background {
    /// Starts a thread for each processor but one, which is left to short calls.
    ///
    /// # Errors
    /// When the system has no threads left.
    pub(super) fn start() -> std::io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let runtime = Builder::new_multi_thread()
            .worker_threads(processors.saturating_sub(1).max(1))
            .thread_name("guests")
            .event_interval(EVENT_INTERVAL)
            .enable_all()
            .on_thread_start(lower)
            .build()?;
        Ok(Self { runtime: Some(runtime), foreground: OnceLock::new() })
    }

    /// Runs a call here, and in the background from when that is demanded. Dropping the future ends the call, which is boxed
    /// where it is made: it has several kilobytes, and would be copied into each future around it.
    pub(super) async fn run<F>(&self, mut call: Pin<Box<F>>, demotion: &Demotion) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let ended = poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if demotion.is_demanded() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        match (ended.await, &self.runtime) {
            (Some(output), _) => output,
            (None, Some(runtime)) => {
                match AbortOnDropHandle::new(runtime.spawn(paced(call, self.foreground()))).await {
                    Ok(output) => output,
                    Err(error) => std::panic::resume_unwind(error.try_into_panic().expect("nobody else can abort it")),
                }
            }
            (None, None) => call.await,
        }
    }

    fn foreground(&self) -> Arc<Utilization> {
        self.foreground.get_or_init(|| Arc::new(Utilization::of(Handle::current().metrics()))).clone()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // An ordinary shutdown waits, which is forbidden where this may be dropped.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs a call on a thread that rests the more, the busier those are on which calls begin.
async fn paced<F: Future>(mut call: Pin<Box<F>>, foreground: Arc<Utilization>) -> F::Output {
    poll_fn(|context| {
        let start = Instant::now();
        let polled = call.as_mut().poll(context);
        if polled.is_pending() {
            // The thread's own rest: other calls must not take the processor meanwhile.
            std::thread::sleep(rest_after(start.elapsed(), foreground.now()));
        }
        polled
    })
    .await
}

/// How long a thread rests that has computed for so long, while the foreground is busy for that part of its time.
fn rest_after(ran: Duration, utilization: f64) -> Duration {
    let rest = ran.min(LONGEST_SLICE).mul_f64(REST * utilization);
    // Below that, sleeping costs more than it gives.
    if rest < SHORTEST_REST { Duration::ZERO } else { rest }
}

/// Gives the thread a lower priority.
fn lower() {
    // On Linux it is the thread's and not the process's, contrary to POSIX.
    #[cfg(target_os = "linux")]
    if let Err(error) = getpriority_process(None).and_then(|own| setpriority_process(None, LOWEST.min(own + LESS))) {
        tracing::warn!(%error, "long calls will slow down others: their threads' priority can't be lowered");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    fn thread() -> String {
        std::thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_call_stays_until_it_is_demoted() {
        let background = Background::start().expect("threads");
        let demotion = Demotion::default();
        let demanded = demotion.clone();
        let call = async move {
            yield_now().await;
            let before = thread();
            demanded.demand();
            yield_now().await;
            (before, thread())
        };
        let (before, after) = background.run(Box::pin(call), &demotion).await;
        assert_eq!((before, after.as_str()), (thread(), "guests"));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_background_has_a_lower_priority() {
        let background = Background::start().expect("threads");
        let demotion = Demotion::default();
        demotion.demand();
        let call = async {
            yield_now().await;
            getpriority_process(None).expect("a priority")
        };
        let own = getpriority_process(None).expect("a priority");
        assert_eq!(background.run(Box::pin(call), &demotion).await, LOWEST.min(own + LESS));
        assert_eq!(getpriority_process(None).expect("a priority"), own);
    }

    #[test]
    fn threads_rest_as_the_foreground_is_busy() {
        let slice = Duration::from_millis(1);
        assert_eq!(rest_after(slice, 1.0), 3 * slice, "a quarter of the time is left");
        assert_eq!(rest_after(slice, 0.5), slice * 3 / 2);
        assert_eq!(rest_after(slice, 0.0), Duration::ZERO);
        assert_eq!(rest_after(slice, 0.01), Duration::ZERO, "too short to sleep");
        assert_eq!(rest_after(1000 * slice, 1.0), 3 * LONGEST_SLICE, "it was interrupted");
    }

    #[tokio::test]
    async fn whoever_goes_away_ends_the_call() {
        struct Ends(Option<oneshot::Sender<()>>);
        impl Drop for Ends {
            fn drop(&mut self) {
                let _ = self.0.take().map(|ended| ended.send(()));
            }
        }
        let background = Arc::new(Background::start().expect("threads"));
        let demotion = Demotion::default();
        demotion.demand();
        let (started, starts) = oneshot::channel();
        let (ended, ends) = oneshot::channel();
        let call = async move {
            let _ends = Ends(Some(ended));
            yield_now().await;
            let _ = started.send(());
            std::future::pending::<()>().await;
        };
        let caller = tokio::spawn({
            let background = background.clone();
            async move { background.run(Box::pin(call), &demotion).await }
        });
        starts.await.expect("it goes on in the background");
        caller.abort();
        ends.await.expect("it is dropped");
    }
}
