//! Everything that must hold before a change lands, in one command.
//!
//! A failed lint does not hide a failed test: whatever can still run does, and the table at the end counts it all. Only
//! a step that later ones stand on (provisioning, the build) ends the row.

mod count;
mod postgres;
mod suites;
mod times;

use std::ffi::OsString;

use crate::build::{self, Part};
use crate::lint;
use crate::progress::Steps;
use crate::provision::{self, Mode, Tools};
use crate::suite::Suite;
use crate::tidy;
use crate::workspace::Workspace;

/// Variables for the tests.
type Environment = Vec<(&'static str, OsString)>;

/// Runs everything, or with a filter only the tests whose name contains it.
pub(crate) fn test(workspace: &Workspace, steps: &Steps, filter: Option<&str>, mode: Mode) -> Vec<Suite> {
    let mut done = Vec::new();
    if stage(&mut done, steps, "file times", || times::restore(workspace, steps)).is_none() {
        return done;
    }
    let Some(tools) = stage(&mut done, steps, "provision", || provision::provision(workspace, steps, mode)) else {
        return done;
    };
    if filter.is_none() {
        if let Some(lint) = stage(&mut done, steps, "lint", || lint::lint(workspace, steps)) {
            done.push(lint);
        }
        done.push(tidy::tidy(workspace, steps));
    }
    let built = stage(&mut done, steps, "build", || {
        build::build(workspace, steps, &[Part::Functions, Part::Connectors, Part::Guests])?;
        steps.run("build host and tests", || suites::build(workspace))
    });
    if built.is_none() {
        return done;
    }
    let Some(cluster) = stage(&mut done, steps, "postgresql", || {
        steps.run("start a throw-away PostgreSQL", || postgres::Cluster::start(&tools.postgres))
    }) else {
        return done;
    };
    let environment = environment(workspace, &tools, cluster.url());
    stage(&mut done, steps, "tests", || suites::run(workspace, steps, filter, &environment))
        .into_iter()
        .flatten()
        .for_each(|suite| done.push(suite));
    drop(cluster);
    done
}

/// A step that counts only when it fails: it is no test, but a run without it has passed nothing.
fn stage<T>(done: &mut Vec<Suite>, steps: &Steps, name: &str, step: impl FnOnce() -> anyhow::Result<T>) -> Option<T> {
    let mut suite = Suite::start(name);
    match step() {
        Ok(value) => Some(value),
        Err(error) => {
            steps.note(&format!("{error:#}"));
            suite.failed = 1;
            done.push(suite.finish());
            None
        }
    }
}

fn environment(workspace: &Workspace, tools: &Tools, postgres_url: &str) -> Environment {
    let mut environment: Environment = vec![
        ("BULKHEAD_BIN", workspace.binary("bulkhead").into()),
        ("BULKHEAD_MANIFEST", workspace.root.join("spin.toml").into()),
        ("BULKHEAD_FUNCTIONS_DIR", workspace.dist().join("functions").into()),
        ("BULKHEAD_CONNECTORS_DIR", workspace.dist().join("connectors").into()),
        ("BULKHEAD_GUESTS_DIR", workspace.dist().join("guests").into()),
        ("BULKHEAD_TEST_POSTGRES_URL", postgres_url.into()),
    ];
    environment.extend(tools.environment().into_iter().map(|(name, path)| (name, path.into())));
    environment
}
