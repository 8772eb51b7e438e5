//! The clock by which guests are interrupted while they compute. While there are none it stands still.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// Periods in a row without a guest after which the clock stands still. To start it costs a call some microseconds, which
/// calls that soon follow others need not pay.
const LINGER: u32 = 100;

/// A thread that counts up engines' epochs while there are guests. Dropping it ends the thread.
pub(crate) struct Epochs {
    guests: Arc<Guests>,
    thread: Thread,
}

/// Keeps the clock going for one guest.
pub(crate) struct Running(Arc<Epochs>);

/// What the clock's thread and those that run guests tell each other.
///
/// Each side first says what it does and then looks at what the other has said, in one order for all. So when a guest
/// begins while the thread lies down, at least one of them sees the other: the thread stays awake, or is woken.
#[derive(Default)]
struct Guests {
    running: AtomicUsize,
    asleep: AtomicBool,
    over: AtomicBool,
}

impl Guests {
    fn begin(&self) {
        self.running.fetch_add(1, SeqCst);
    }

    fn end(&self) {
        self.running.fetch_sub(1, SeqCst);
    }

    fn must_wake(&self) -> bool {
        self.asleep.load(SeqCst)
    }

    fn lie_down(&self) {
        self.asleep.store(true, SeqCst);
    }

    fn may_sleep(&self) -> bool {
        self.running.load(SeqCst) == 0 && !self.over.load(SeqCst)
    }

    fn get_up(&self) {
        self.asleep.store(false, SeqCst);
    }
}

impl Epochs {
    /// Starts the thread for these engines.
    ///
    /// It is a thread of its own because all others may be busy with the guests that are to be interrupted.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start<const N: usize>(name: &str, period: Duration, engines: [&Engine; N]) -> io::Result<Arc<Self>> {
        let engines = engines.map(Engine::clone);
        Self::tick(name, period, LINGER, move || engines.iter().for_each(Engine::increment_epoch))
    }

    fn tick(
        name: &str,
        period: Duration,
        linger: u32,
        mut tick: impl FnMut() + Send + 'static,
    ) -> io::Result<Arc<Self>> {
        let guests = Arc::<Guests>::default();
        let seen = guests.clone();
        let count = move || {
            let mut idle = 0;
            while !seen.over.load(SeqCst) {
                idle = if seen.may_sleep() { idle + 1 } else { 0 };
                if idle > linger {
                    seen.lie_down();
                    while seen.may_sleep() {
                        // It returns at once when somebody has woken the thread since it last did.
                        thread::park();
                    }
                    seen.get_up();
                    idle = 0;
                }
                thread::sleep(period);
                tick();
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(count)?.thread().clone();
        Ok(Arc::new(Self { guests, thread }))
    }

    /// Keeps the clock going until what it returns is dropped. The next epoch begins within little more than a period.
    pub(crate) fn run(self: &Arc<Self>) -> Running {
        self.guests.begin();
        if self.guests.must_wake() {
            self.thread.unpark();
        }
        Running(self.clone())
    }
}

impl Drop for Epochs {
    fn drop(&mut self) {
        self.guests.over.store(true, SeqCst);
        self.thread.unpark();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.guests.end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
    use std::time::Instant;

    use super::*;

    /// How long a test waits for what is to happen before it fails.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// A clock that stands still as soon as it may, and whose ticks can be received.
    fn restless() -> (Arc<Epochs>, Receiver<()>) {
        let (sender, ticks) = mpsc::channel();
        let tick = move || {
            let _ = sender.send(());
        };
        (Epochs::tick("restless", Duration::from_micros(10), 0, tick).expect("a thread"), ticks)
    }

    fn wait_until_it_sleeps(epochs: &Epochs) {
        let start = Instant::now();
        while !epochs.guests.must_wake() {
            assert!(start.elapsed() < PATIENCE, "it never sleeps");
            thread::yield_now();
        }
    }

    #[test]
    fn a_guest_that_begins_while_the_clock_lies_down_is_seen_or_wakes_it() {
        // Every order in which the steps of both sides can happen; "g" is the guest's next step.
        for order in ["ggtt", "gtgt", "gttg", "tggt", "tgtg", "ttgg"] {
            let (guests, mut sleeps, mut wakes) = (Guests::default(), None, None);
            let (mut guest_began, mut lay_down) = (false, false);
            for step in order.chars() {
                match step {
                    'g' if guest_began => wakes = Some(guests.must_wake()),
                    'g' => (guest_began, _) = (true, guests.begin()),
                    _ if lay_down => sleeps = Some(guests.may_sleep()),
                    _ => (lay_down, _) = (true, guests.lie_down()),
                }
            }
            assert!(sleeps == Some(false) || wakes == Some(true), "{order}: {sleeps:?} {wakes:?}");
        }
    }

    #[test]
    fn every_guest_is_interrupted_although_the_clock_stood_still() {
        let (epochs, ticks) = restless();
        for _ in 0..200 {
            wait_until_it_sleeps(&epochs);
            while ticks.try_recv().is_ok() {}
            let running = epochs.run();
            ticks.recv_timeout(PATIENCE).expect("it is interrupted");
            ticks.recv_timeout(PATIENCE).expect("and again");
            assert!(!epochs.guests.must_wake(), "a clock that is awake need not be woken");
            drop(running);
        }
    }

    #[test]
    fn guests_that_come_and_go_at_once_are_all_counted() {
        let (epochs, ticks) = restless();
        let come_and_go = || (0..1000).for_each(|_| drop(epochs.run()));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(come_and_go);
            }
        });
        assert!(epochs.guests.may_sleep());
        wait_until_it_sleeps(&epochs);
        while ticks.try_recv().is_ok() {}
        let _running = epochs.run();
        ticks.recv_timeout(PATIENCE).expect("it is interrupted");
    }

    #[test]
    fn the_thread_ends_with_the_clock_also_when_it_stands_still() {
        let (epochs, ticks) = restless();
        wait_until_it_sleeps(&epochs);
        drop(epochs);
        // The sender is the thread's: without it there is nobody who ticks.
        let end = loop {
            if let Err(end) = ticks.recv_timeout(PATIENCE) {
                break end;
            }
        };
        assert_eq!(end, RecvTimeoutError::Disconnected);
    }
}
