//! Whole-system scenarios: they start the real `bulkhead` and look at it from outside, as its users do.
//!
//! This library is what the scenarios share. A [`Setup`] says how a host is started, a [`Host`] is one that runs, in a
//! folder and on a database of its own, and ends with its test; its log is shown when the test fails. The scenarios
//! themselves are in `scenarios/`, one file for each subject. To add one, write a function there; to add a subject, a
//! file, and name it in `scenarios/main.rs`.
//!
//! Nothing waits for a fixed time to pass: [`eventually`] asks until the answer is there.

mod browser;
mod compiled;
mod database;
mod environment;
mod host;
mod http;
pub mod leaks;
mod mcp;
mod process;
mod setup;
mod wait;

pub use browser::{Browser, between};
pub use database::{Database, connect};
pub use environment::{path, program};
pub use host::Host;
pub use http::{Reply, Request};
pub use process::{Ended, Process, run, run_with_input};
pub use setup::Setup;
pub use wait::eventually;
