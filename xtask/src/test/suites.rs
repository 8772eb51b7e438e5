//! The test suites: native unit and integration tests, examples in documentation, and the whole system twice.

use std::io::IsTerminal;
use std::num::NonZero;
use std::process::Command;

use super::Environment;
use super::count::count;
use crate::cargo::{cargo, packages};
use crate::process;
use crate::progress::Steps;
use crate::suite::Suite;
use crate::workspace::{Role, Workspace};

/// Says to a system test which database to put under the system.
const DATABASE: &str = "BULKHEAD_TEST_DATABASE";

/// The databases that the system is tested on. With the first, everything runs.
const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Scenarios that run once: the slow ones that build connectors in other languages, which has nothing to do with the
/// database, and those that choose their databases themselves.
const ONCE: [&str; 3] = ["authoring::", "polyglot::", "spin_databases::"];

/// Builds all tests, and the `bulkhead` binary that they start, with cargo showing its progress. No test starts another
/// binary: that those compile is for clippy to see.
///
/// # Errors
/// When something does not compile.
pub(super) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let mut command = cargo(&workspace.root);
    command.args(["build", "--release", "--lib", "--tests", "--bin", "bulkhead"]);
    packages(&mut command, workspace.native_names());
    process::run(&mut command)
}

/// Runs the tests suite by suite.
///
/// # Errors
/// When a runner can't be started or no test matches. A test that fails is counted, not an error.
pub(super) fn run(
    workspace: &Workspace,
    steps: &Steps,
    filter: Option<&str>,
    environment: &Environment,
) -> anyhow::Result<Vec<Suite>> {
    let runner = Runner { workspace, steps, environment, filter, nextest: has_nextest() };
    let mut unit = runner.command(Part::AllButSystem, &[]);
    let mut suites = vec![runner.suite("unit", &mut unit, MayBeEmpty::WithFilter)?];

    let mut documentation = cargo(&workspace.root);
    documentation.args(["test", "--release", "--doc", "--no-fail-fast"]);
    packages(&mut documentation, workspace.native_names());
    suites.push(runner.suite("documentation", documentation.args(filter), MayBeEmpty::Always)?);

    for database in DATABASES {
        let left_out: &[&str] = if database == DATABASES[0] { &[] } else { &ONCE };
        let mut command = runner.command(Part::System, left_out);
        command.env(DATABASE, database);
        suites.push(runner.suite(&format!("system, {database}"), &mut command, MayBeEmpty::WithFilter)?);
    }
    if filter.is_some() && suites.iter().all(|suite| suite.passed + suite.failed == 0) {
        anyhow::bail!("no test's name contains {:?}", filter.unwrap_or_default());
    }
    Ok(suites)
}

/// Which of the tests that were built together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    AllButSystem,
    System,
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
    /// Tests of the modules `left_out` don't run.
    fn command(&self, part: Part, left_out: &[&str]) -> Command {
        let system = self.workspace.with_role(&[Role::SystemTests]);
        let mut command = cargo(&self.workspace.root);
        if self.nextest {
            command.args(["nextest", "run", "--release", "--no-fail-fast", "--no-tests=pass"]);
            command.args(["--test-threads", &test_threads().to_string()]);
            command.args(["--color", if std::io::stderr().is_terminal() { "always" } else { "never" }]);
            packages(&mut command, self.workspace.native_names());
            for package in system {
                let mut chosen = format!("package(={})", package.name);
                if part == Part::AllButSystem {
                    chosen = format!("not {chosen}");
                }
                left_out.iter().for_each(|module| chosen.push_str(&format!(" and not test(/^{module}/)")));
                command.args(["-E", &chosen]);
            }
            command.args(self.filter);
        } else {
            // cargo test can only choose by package, so here a suite may compile a dependency anew.
            command.args(["test", "--release", "--no-fail-fast", "--lib", "--bins", "--tests"]);
            let is_system = |name: &&str| system.iter().any(|package| package.name == *name);
            packages(
                &mut command,
                self.workspace.native_names().filter(|name| is_system(name) == (part == Part::System)),
            );
            command.args(self.filter).arg("--");
            command.args(left_out.iter().flat_map(|module| ["--skip", module]));
        }
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

/// How many tests run at once: more than there are processors, since most of the time a test waits for the servers and clients
/// that it has started.
fn test_threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    processors + processors.div_ceil(2)
}

fn has_nextest() -> bool {
    process::succeeds(Command::new("cargo-nextest").args(["nextest", "--version"]))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ONCE;

    #[test]
    fn what_runs_once_is_there() {
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
        for module in ONCE {
            let file = scenarios.join(module.trim_end_matches(':')).with_extension("rs");
            assert!(file.is_file(), "{} is gone, so {module:?} leaves out nothing", file.display());
        }
    }
}
