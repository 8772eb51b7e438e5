//! Calls of every use case that has a statement. One file per feature crate, and several for identity.

mod accounts;
mod audit;
mod authorization;
mod connections;
mod connectors;
mod execution;
mod federation;
mod identity;
mod keys;
mod members;
mod organizations;
mod person;
mod profile;
mod projects;
mod vault;

use std::sync::Arc;

use bulkhead_identity::NewOwner;
use bulkhead_kernel::{Caller, CorrelationId, Ports};
use bulkhead_native_adapters::{Options, OsEntropy, connect};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::postgres::create_database;
use sqlx::postgres::PgPoolOptions;

use super::probe::Probe;

/// A migrated database with an organisation and its owner, and the probe before it.
pub(crate) struct Scene {
    pub(crate) url: String,
    pub(crate) probe: Arc<Probe>,
    ports: Ports,
    clock: Arc<ManualClock>,
    /// The key of the owner.
    key: String,
    owner: Caller,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let url = create_database().await;
        let database = connect(&url, &Options::default()).await.expect("connects");
        database.migrate().await.expect("migrates");
        let trials = PgPoolOptions::new().max_connections(1).connect(&url).await.expect("connects");
        let clock = Arc::new(ManualClock::default());
        let mut ports = Ports { sql: database.sql(), clock: clock.clone(), entropy: Arc::new(OsEntropy) };
        let stranger = ports.new_id();
        let probe = Arc::new(Probe::new(database.sql(), trials, stranger));
        ports.sql = probe.clone();
        let made = bulkhead_identity::create_owner(&ports, NewOwner::default()).await.expect("makes the first owner");
        let key = made.expect("there was none").token.expose().to_owned();
        let owner = bulkhead_identity::authenticate_key(&ports, &key, None).await.expect("it is the owner's");
        Self { url, probe, ports, clock, key, owner }
    }
}

/// All of them.
pub(crate) async fn all(scene: &Scene) {
    identity::run(scene).await;
    accounts::run(scene).await;
    members::run(scene).await;
    organizations::run(scene).await;
    profile::run(scene).await;
    authorization::run(scene).await;
    connectors::run(scene).await;
    execution::run(scene).await;
    vault::run(scene).await;
    connections::run(scene).await;
    federation::run(scene).await;
    audit::run(scene).await;
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("flow").expect("sane")
}
