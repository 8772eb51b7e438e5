//! What every other crate speaks: ids, time, randomness, the caller, paging, and the [`sql::Sql`] port.
//!
//! Nothing here does I/O, so the same code runs inside a Spin function and in the native host. What reaches
//! outside is a trait: [`Clock`], [`Entropy`], [`sql::Sql`], [`http::HttpClient`]. [`Ports`] holds one of each but the
//! last and is what a use case is handed; one that asks other services gets a client besides. To add a port, write its trait here, a fake and a conformance suite in `testkit`, and one adapter in
//! `spin-adapters` and one in `native-adapters`.

pub mod access;
pub mod caller;
pub mod clock;
pub mod correlation;
pub mod entropy;
pub mod fault;
pub mod http;
pub mod id;
pub mod paging;
pub mod secret;
pub mod sql;

use std::sync::Arc;

pub use access::{Denied, Permission, Scope, Scopes};
pub use caller::{AccessToken, Caller, Credential, Role};
pub use clock::{Clock, Timestamp};
pub use correlation::CorrelationId;
pub use entropy::Entropy;
pub use fault::Fault;
pub use paging::{Cursor, Page, PageRequest};
pub use secret::Secret;
pub use sql::Sql;

/// Everything outside the domain that a use case may touch. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub sql: Arc<dyn Sql>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness fit for secrets.
    pub entropy: Arc<dyn Entropy>,
}

impl Ports {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id of the kind that the caller asks for, ordered by creation.
    #[must_use]
    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        T::from(id::new_uuid(self.clock.now(), self.entropy.as_ref()))
    }
}
