//! The scenarios.

mod arguments;
mod bodies;
mod cancel;
mod clients;
mod correlation;
mod crash;
mod credentials;
mod first_start;
mod github;
mod health;
mod migrate;
mod other_sites;
mod prometheus;
mod proxy;
mod sandbox;
mod secrets;
mod shutdown;
mod spin_databases;
mod startup;
