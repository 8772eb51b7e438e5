//! Counting what passed and what failed, and the table at the end.

use std::fmt::Write;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::process;
use crate::progress::{Steps, seconds};

/// A group of checks or tests.
pub(crate) struct Suite {
    name: String,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    began: Instant,
    elapsed: Duration,
}

impl Suite {
    /// Starts the suite's clock.
    pub(crate) fn start(name: impl Into<String>) -> Self {
        Self { name: name.into(), passed: 0, failed: 0, began: Instant::now(), elapsed: Duration::ZERO }
    }

    /// Stops it.
    pub(crate) fn finish(mut self) -> Self {
        self.elapsed = self.began.elapsed();
        self
    }

    /// Runs a step as one check. Its error is shown here, because the suite goes on.
    pub(crate) fn check<T>(
        &mut self,
        steps: &Steps,
        name: &str,
        step: impl FnOnce() -> anyhow::Result<T>,
    ) -> Option<T> {
        match steps.run(name, step) {
            Ok(value) => {
                self.passed += 1;
                Some(value)
            }
            Err(error) => {
                steps.note(&format!("{error:#}"));
                self.failed += 1;
                None
            }
        }
    }

    /// Runs a program as one check.
    pub(crate) fn check_command(&mut self, steps: &Steps, name: &str, command: &mut Command) {
        self.check(steps, name, || process::run(command));
    }
}

/// The suites as a table that ends with the line `N passed, N failed`.
pub(crate) fn table(suites: &[Suite]) -> String {
    let mut text = String::new();
    let width = suites.iter().map(|suite| suite.name.len()).max().unwrap_or(0).max("suite".len());
    // Writing to a string can't fail.
    let _ = writeln!(text, "\n{:<width$}  {:>7}  {:>7}  {:>8}", "suite", "passed", "failed", "time");
    for suite in suites {
        let Suite { name, passed, failed, elapsed, .. } = suite;
        let _ = writeln!(text, "{name:<width$}  {passed:>7}  {failed:>7}  {:>8}", seconds(*elapsed));
    }
    let (passed, failed) = sum(suites);
    let _ = write!(text, "\n{passed} passed, {failed} failed");
    text
}

/// Success when nothing failed and something passed.
pub(crate) fn exit_code(suites: &[Suite]) -> ExitCode {
    match sum(suites) {
        (1.., 0) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn sum(suites: &[Suite]) -> (usize, usize) {
    suites.iter().fold((0, 0), |(passed, failed), suite| (passed + suite.passed, failed + suite.failed))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_table_ends_with_the_plain_line() {
        let steps = Steps::start();
        let mut lint = Suite::start("lint");
        lint.check(&steps, "good", || Ok(()));
        lint.check(&steps, "bad", || -> anyhow::Result<()> { bail!("broken") });
        let mut unit = Suite::start("unit");
        unit.passed = 40;
        let suites = [lint.finish(), unit.finish()];
        let text = table(&suites);
        assert_eq!(text.lines().last(), Some("41 passed, 1 failed"));
        assert!(text.contains("lint         1        1"), "{text}");
        assert_eq!(exit_code(&suites), ExitCode::FAILURE);
    }

    #[test]
    fn nothing_at_all_is_no_success() {
        assert_eq!(exit_code(&[]), ExitCode::FAILURE);
    }
}
