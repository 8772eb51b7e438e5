//! A host for tests and for tools that are called natively: settings, a network of one function, a clock, the events.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::Level;
use crate::http::{HttpError, Request, Response};

type Responder = Box<dyn Fn(&Request) -> Result<Response, HttpError>>;

/// What a tool told its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Log(Level, String),
    /// How far the job is.
    Progress(u64, Option<u64>, Option<String>),
    /// A resource that is worth reading again.
    ResourceUpdated(String),
}

/// The host that tools on this thread see while [`run`](Self::run) runs. Without one there are no settings and no
/// network. Its clock stands at [`Host::START`] and moves only while a tool sleeps, which takes no time.
#[derive(Default)]
pub struct Host {
    settings: BTreeMap<String, String>,
    responder: Option<Responder>,
    events: Vec<Event>,
    slept: Duration,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

impl Host {
    /// What the clock says at first: Unix time 1,800,000,000, which is 2027-01-15T08:00:00Z.
    pub const START: Duration = Duration::from_secs(1_800_000_000);

    /// A host without settings and network.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a setting a value.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Answers every outbound request by this function.
    #[must_use]
    pub fn respond(mut self, responder: impl Fn(&Request) -> Result<Response, HttpError> + 'static) -> Self {
        self.responder = Some(Box::new(responder));
        self
    }

    /// Runs something on this host and hands back what it said meanwhile.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> (T, Vec<Event>) {
        let before = HOST.replace(self);
        let result = work();
        let host = HOST.replace(before);
        (result, host.events)
    }
}

pub(crate) fn setting(name: &str) -> Option<String> {
    HOST.with_borrow(|host| host.settings.get(name).cloned())
}

pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Host::START + HOST.with_borrow(|host| host.slept)
}

pub(crate) fn sleep(duration: Duration) {
    HOST.with_borrow_mut(|host| host.slept += duration);
}

pub(crate) fn log(level: Level, message: &str) {
    HOST.with_borrow_mut(|host| host.events.push(Event::Log(level, message.to_owned())));
}

pub(crate) fn progress(done: u64, total: Option<u64>, message: Option<&str>) {
    let event = Event::Progress(done, total, message.map(ToOwned::to_owned));
    HOST.with_borrow_mut(|host| host.events.push(event));
}

pub(crate) fn resource_updated(uri: &str) {
    HOST.with_borrow_mut(|host| host.events.push(Event::ResourceUpdated(uri.to_owned())));
}

pub(crate) fn send(request: &Request) -> Result<Response, HttpError> {
    HOST.with_borrow(|host| match &host.responder {
        Some(respond) => respond(request),
        None => Err(HttpError::NotGranted { host: request.host().to_owned() }),
    })
}
