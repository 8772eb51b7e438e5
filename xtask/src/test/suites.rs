//! The test suites: native unit and integration tests, examples in documentation, and the whole system twice.

use std::io::IsTerminal;
use std::process::Command;

use super::Environment;
use super::count::count;
use crate::cargo::{cargo, packages};
use crate::process;
use crate::progress::Steps;
use crate::suite::Suite;
use crate::workspace::{Package, Role, Workspace};

/// Says to a system test which database to put under the system.
const DATABASE: &str = "BULKHEAD_TEST_DATABASE";

/// Builds all tests, then runs them suite by suite.
///
/// # Errors
/// When the tests don't compile or a runner can't be started. A test that fails is counted, not an error.
pub(super) fn run(
    workspace: &Workspace,
    steps: &Steps,
    filter: Option<&str>,
    environment: &Environment,
) -> anyhow::Result<Vec<Suite>> {
    let system = workspace.with_role(&[Role::SystemTests]);
    let native = workspace.native();
    let unit: Vec<_> = native.iter().copied().filter(|p| p.role(&workspace.root) != Some(Role::SystemTests)).collect();
    let documented: Vec<_> = unit.iter().copied().filter(|package| package.has_doctests()).collect();
    let runner = Runner { workspace, steps, environment, filter, nextest: has_nextest() };

    // Built as one, so that the suites share what they can; and apart from the run, so that cargo shows its progress.
    steps.run("build tests", || {
        process::run(
            runner.command(&native).arg("--no-run").envs(environment.iter().map(|(name, value)| (name, value))),
        )
    })?;

    let mut suites = vec![runner.suite("unit", &mut runner.command(&unit), MayBeEmpty::WithFilter)?];
    if !documented.is_empty() {
        let mut command = cargo(&workspace.root);
        command.args(["test", "--release", "--doc", "--no-fail-fast"]);
        packages(&mut command, documented.iter().map(|package| package.name.as_str()));
        suites.push(runner.suite("documentation", command.args(filter), MayBeEmpty::Always)?);
    }
    for database in ["sqlite", "postgres"] {
        let mut command = runner.command(&system);
        command.env(DATABASE, database);
        suites.push(runner.suite(&format!("system, {database}"), &mut command, MayBeEmpty::WithFilter)?);
    }
    if filter.is_some() && suites.iter().all(|suite| suite.passed + suite.failed == 0) {
        anyhow::bail!("no test's name contains {:?}", filter.unwrap_or_default());
    }
    Ok(suites)
}

/// Whether a suite in which no test ran is fine. One that lost all its tests must not look like one that passed.
#[derive(PartialEq, Eq)]
enum MayBeEmpty {
    Always,
    WithFilter,
}

struct Runner<'a> {
    workspace: &'a Workspace,
    steps: &'a Steps,
    environment: &'a Environment,
    filter: Option<&'a str>,
    nextest: bool,
}

impl Runner<'_> {
    /// nextest runs each test in a process of its own, and ends one that hangs; cargo test does when it is missing.
    fn command(&self, members: &[&Package]) -> Command {
        let mut command = cargo(&self.workspace.root);
        if self.nextest {
            command.args(["nextest", "run", "--release", "--no-fail-fast", "--no-tests=pass"]);
            command.args(["--color", if std::io::stderr().is_terminal() { "always" } else { "never" }]);
        } else {
            command.args(["test", "--release", "--no-fail-fast", "--lib", "--bins", "--tests"]);
        }
        packages(&mut command, members.iter().map(|package| package.name.as_str()));
        command.args(self.filter);
        command
    }

    fn suite(&self, name: &str, command: &mut Command, may_be_empty: MayBeEmpty) -> anyhow::Result<Suite> {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut suite = Suite::start(name);
        let (success, output) = self.steps.run(&format!("test: {name}"), || process::tee(command))?;
        let counted = count(&output);
        suite.passed = counted.passed;
        suite.failed = counted.failed;
        let is_empty = counted.passed + counted.failed == 0;
        if is_empty && self.filter.is_none() && may_be_empty == MayBeEmpty::WithFilter {
            self.steps.note(&format!("the suite {name:?} ran no test, which counts as one that failed"));
            suite.failed = 1;
        }
        // A runner that fails without naming a test has crashed or could not compile.
        if !success && suite.failed == 0 {
            suite.failed = 1;
        }
        Ok(suite.finish())
    }
}

fn has_nextest() -> bool {
    process::succeeds(Command::new("cargo-nextest").args(["nextest", "--version"]))
}
