//! What a client of an older version of the protocol sets for its session. From 2026-07-28 on every request says it.

#![expect(deprecated, reason = "2026-07-28 deprecates logging and still defines it; older clients rely on it")]

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::model::LoggingLevel;
use tokio::sync::broadcast::Receiver;

use crate::worker::{Change, Changes};

/// The state of one session.
#[derive(Debug, Default)]
pub(super) struct Session(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    level: Option<LoggingLevel>,
    subscribed: BTreeSet<String>,
    /// Whether a task forwards changes to the client.
    forwards: bool,
    /// Since before a subscription was acknowledged, until it is served.
    heard: Option<Receiver<Change>>,
}

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The least that is logged to the client: what it set, or information.
    pub(super) fn level(&self) -> LoggingLevel {
        self.state().level.unwrap_or(LoggingLevel::Info)
    }

    pub(super) fn set_level(&self, level: LoggingLevel) {
        self.state().level = Some(level);
    }

    /// Adds a resource; whether there was room for it.
    pub(super) fn subscribe(&self, uri: String, most: usize) -> bool {
        let mut state = self.state();
        let room = state.subscribed.len() < most || state.subscribed.contains(&uri);
        if room {
            state.subscribed.insert(uri);
        }
        room
    }

    pub(super) fn unsubscribe(&self, uri: &str) {
        self.state().subscribed.remove(uri);
    }

    pub(super) fn is_subscribed(&self, uri: &str) -> bool {
        self.state().subscribed.contains(uri)
    }

    /// All resources that the client subscribed to.
    pub(super) fn subscribed(&self) -> BTreeSet<String> {
        self.state().subscribed.clone()
    }

    /// Hears changes from now on for the subscription that is served next.
    pub(super) fn begin_to_listen(&self, changes: &Changes) {
        self.state().heard.get_or_insert_with(|| changes.listen());
    }

    /// What has been heard since then, and what will be.
    pub(super) fn listen(&self, changes: &Changes) -> Receiver<Change> {
        // One is kept at most: of two subscriptions that begin at once over stdio, the second hears what is told from here on.
        self.state().heard.take().unwrap_or_else(|| changes.listen())
    }

    /// Whether the asker is the first to forward changes.
    pub(super) fn begins_forwarding(&self) -> bool {
        !std::mem::replace(&mut self.state().forwards, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_before_a_subscription_is_served_is_heard() {
        let (session, changes) = (Session::default(), Changes::default());
        session.begin_to_listen(&changes);
        changes.tell(Change::Catalogue);
        assert_eq!(session.listen(&changes).try_recv(), Ok(Change::Catalogue));
        changes.tell(Change::Catalogue);
        assert!(session.listen(&changes).try_recv().is_err(), "it listens from now on");
    }
}
