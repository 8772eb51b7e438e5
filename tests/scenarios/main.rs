//! The scenarios.

mod arguments;
mod bodies;
mod cancel;
mod clients;
mod conformance;
mod correlation;
mod crash;
mod credentials;
mod first_start;
mod github;
mod health;
mod migrate;
mod oauth;
mod other_sites;
mod outbound;
mod plain;
mod prometheus;
mod protocol;
mod proxy;
mod sandbox;
mod secrets;
mod shutdown;
mod spin_databases;
mod startup;
mod tasks;
mod vault;
