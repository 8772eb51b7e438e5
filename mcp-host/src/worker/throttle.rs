//! Fewer calls at once for those that break the sandbox's rules.
//!
//! A call that is ended at a limit costs the host more than others do, and nobody has anything of it. So whoever makes such
//! calls makes fewer at once, until they keep to the rules again: each that does not halves how many may run, each that does
//! adds one. (Additive increase, multiplicative decrease, as TCP's congestion control has it: RFC 5681.) What is looked at
//! is one user's calls of one connector, so that nobody waits for what others do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bulkhead_kernel::id::{OrganizationId, UserId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// What has not gone on for so long is forgotten when there is something to remember.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Whose calls, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stream {
    pub(super) organization: OrganizationId,
    pub(super) user: UserId,
    pub(super) connector: String,
}

/// How many calls at once may run of a stream in which calls broke rules.
#[derive(Debug)]
pub(super) struct Throttle {
    /// A stream that would get more is free again.
    most: usize,
    narrowed: Mutex<HashMap<Stream, Window>>,
}

#[derive(Debug)]
struct Window {
    size: usize,
    places: Arc<Semaphore>,
    /// Places that calls still have, though the window has become too small for them.
    owed: usize,
    changed: Instant,
}

/// That a call may run. Dropping it lets the next one run.
#[derive(Debug)]
pub(super) struct Turn {
    throttle: Arc<Throttle>,
    stream: Stream,
    place: Option<OwnedSemaphorePermit>,
}

impl Throttle {
    /// One that lets `most` calls of a stream run at once before it is free again; with 0 all always are.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.min(Semaphore::MAX_PERMITS), narrowed: Mutex::default() }
    }

    /// Waits until a call of the stream may run, and says so if it has to. First come, first served.
    pub(super) async fn turn(self: &Arc<Self>, stream: Stream, waits: impl FnOnce()) -> Turn {
        let places = self.narrowed().get(&stream).map(|window| window.places.clone());
        let mut turn = Turn { throttle: self.clone(), stream, place: None };
        if let Some(places) = places {
            match places.clone().try_acquire_owned() {
                Ok(place) => turn.place = Some(place),
                Err(TryAcquireError::NoPermits) => {
                    waits();
                    turn.place = places.acquire_owned().await.ok();
                }
                // The stream is free again, as it is for those whose waiting fails.
                Err(TryAcquireError::Closed) => {}
            }
        }
        turn
    }

    fn narrowed(&self) -> MutexGuard<'_, HashMap<Stream, Window>> {
        self.narrowed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn narrow(&self, stream: &Stream) {
        if self.most == 0 {
            return;
        }
        let mut narrowed = self.narrowed();
        if let Some(window) = narrowed.get_mut(stream) {
            window.resize((window.size / 2).max(1));
            return;
        }
        narrowed.retain(|_, window| window.is_in_use() || window.changed.elapsed() < FORGOTTEN_AFTER);
        narrowed.insert(stream.clone(), Window::new((self.most / 2).max(1)));
    }

    fn widen(&self, stream: &Stream) {
        let mut narrowed = self.narrowed();
        let Some(window) = narrowed.get_mut(stream) else { return };
        if window.size < self.most {
            window.resize(window.size + 1);
        } else {
            window.places.close();
            narrowed.remove(stream);
        }
    }
}

impl Window {
    fn new(size: usize) -> Self {
        Self { size, places: Arc::new(Semaphore::new(size)), owed: 0, changed: Instant::now() }
    }

    fn resize(&mut self, size: usize) {
        if size < self.size {
            let fewer = self.size - size;
            self.owed += fewer - self.places.forget_permits(fewer);
        } else {
            let more = size - self.size;
            let paid = more.min(self.owed);
            self.owed -= paid;
            self.places.add_permits(more - paid);
        }
        self.size = size;
        self.changed = Instant::now();
    }

    fn is_in_use(&self) -> bool {
        self.owed > 0 || self.places.available_permits() < self.size
    }
}

impl Turn {
    /// The call has ended.
    pub(super) fn ended(self, broke_rules: bool) {
        if broke_rules {
            self.throttle.narrow(&self.stream);
        } else {
            self.throttle.widen(&self.stream);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let mut narrowed = self.throttle.narrowed();
        // It may be another window than the one that gave the place.
        let own = |window: &&mut Window| Arc::ptr_eq(&window.places, place.semaphore());
        if let Some(window) = narrowed.get_mut(&self.stream).filter(own).filter(|window| window.owed > 0) {
            window.owed -= 1;
            place.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;

    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    const MOST: usize = 8;

    fn throttle() -> Arc<Throttle> {
        Arc::new(Throttle::new(MOST))
    }

    fn stream(user: u128, connector: &str) -> Stream {
        let organization = OrganizationId::from(Uuid::from_u128(1));
        Stream { organization, user: UserId::from(Uuid::from_u128(user)), connector: connector.to_owned() }
    }

    fn hostile() -> Stream {
        stream(1, "hostile")
    }

    /// What runs at once of a stream of which as many as can are begun.
    fn at_once(throttle: &Arc<Throttle>, stream: &Stream) -> Vec<Turn> {
        let begin = || throttle.turn(stream.clone(), || ()).now_or_never();
        std::iter::from_fn(begin).take(3 * MOST).collect()
    }

    fn end(throttle: &Arc<Throttle>, broke_rules: bool) {
        throttle.turn(hostile(), || ()).now_or_never().expect("may run").ended(broke_rules);
    }

    #[test]
    fn each_call_that_breaks_rules_halves_how_many_run_at_once_down_to_one() {
        let throttle = throttle();
        assert_eq!(at_once(&throttle, &hostile()).len(), 3 * MOST, "no rule was broken yet");
        for expected in [4, 2, 1, 1] {
            end(&throttle, true);
            assert_eq!(at_once(&throttle, &hostile()).len(), expected);
        }
    }

    #[test]
    fn each_call_that_keeps_to_them_adds_one_until_all_may_run() {
        let throttle = throttle();
        (0..3).for_each(|_| end(&throttle, true));
        for expected in 2..=MOST {
            end(&throttle, false);
            assert_eq!(at_once(&throttle, &hostile()).len(), expected);
        }
        end(&throttle, false);
        assert_eq!(at_once(&throttle, &hostile()).len(), 3 * MOST);
        assert!(throttle.narrowed().is_empty(), "nothing is remembered");
    }

    #[test]
    fn nobody_waits_for_another_user_or_connector() {
        let throttle = throttle();
        end(&throttle, true);
        for other in [stream(2, "hostile"), stream(1, "toolbox")] {
            assert_eq!(at_once(&throttle, &other).len(), 3 * MOST);
        }
        let elsewhere = Stream { organization: OrganizationId::from(Uuid::from_u128(2)), ..hostile() };
        assert_eq!(at_once(&throttle, &elsewhere).len(), 3 * MOST);
    }

    #[test]
    fn whoever_runs_when_the_window_shrinks_keeps_its_place_but_hands_it_to_nobody() {
        let throttle = throttle();
        end(&throttle, true);
        let mut running = at_once(&throttle, &hostile());
        running.pop().expect("four run").ended(true);
        assert!(at_once(&throttle, &hostile()).is_empty(), "three run, where two may");
        drop(running.pop());
        assert!(at_once(&throttle, &hostile()).is_empty(), "two run");
        drop(running);
        assert_eq!(at_once(&throttle, &hostile()).len(), 2);
    }

    #[test]
    fn what_is_owed_is_paid_by_what_is_added() {
        let throttle = throttle();
        end(&throttle, true);
        let mut running = at_once(&throttle, &hostile());
        running.pop().expect("four run").ended(true);
        running.pop().expect("three run, where two may").ended(false);
        assert_eq!(at_once(&throttle, &hostile()).len(), 1, "two run, where three may");
    }

    #[test]
    fn they_take_turns_in_the_order_in_which_they_came() {
        let throttle = throttle();
        (0..3).for_each(|_| end(&throttle, true));
        let waiting = Cell::new(0);
        let turn = || Box::pin(throttle.turn(hostile(), || waiting.set(waiting.get() + 1)));
        let running = turn().now_or_never().expect("may run");
        assert_eq!(waiting.get(), 0);
        let (mut first, mut second) = (turn(), turn());
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        assert_eq!(waiting.get(), 2);
        drop(running);
        assert!((&mut second).now_or_never().is_none());
        drop(first.now_or_never().expect("its turn"));
        assert!(second.now_or_never().is_some());
    }

    #[test]
    fn whoever_waits_is_let_in_when_the_stream_is_free_again() {
        let throttle = throttle();
        end(&throttle, true);
        let mut running = at_once(&throttle, &hostile());
        let mut waiting = pin!(throttle.turn(hostile(), || ()));
        assert!(waiting.as_mut().now_or_never().is_none());
        // Calls that began before any rule was broken, and end well.
        (4..=MOST).for_each(|_| throttle.widen(&hostile()));
        assert!(waiting.now_or_never().is_some());
        running.pop().expect("runs").ended(true);
        drop(running);
        assert_eq!(at_once(&throttle, &hostile()).len(), MOST / 2, "places of before are no places of now");
    }

    #[test]
    fn what_has_not_gone_on_is_forgotten() {
        let throttle = throttle();
        end(&throttle, true);
        let long_ago = Instant::now().checked_sub(FORGOTTEN_AFTER).expect("the machine runs for longer");
        throttle.narrowed().values_mut().for_each(|window| window.changed = long_ago);
        let held = throttle.turn(hostile(), || ()).now_or_never().expect("may run");
        throttle.narrow(&stream(2, "hostile"));
        assert!(throttle.narrowed().contains_key(&hostile()), "a call has its place");
        drop(held);
        throttle.narrow(&stream(3, "hostile"));
        assert!(!throttle.narrowed().contains_key(&hostile()));
        assert!(throttle.narrowed().contains_key(&stream(2, "hostile")), "it was a moment ago");
    }

    #[test]
    fn it_can_be_switched_off() {
        let throttle = Arc::new(Throttle::new(0));
        end(&throttle, true);
        assert_eq!(at_once(&throttle, &hostile()).len(), 3 * MOST);
    }
}
