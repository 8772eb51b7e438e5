//! What a person sees while something long is going on: which step, and how long each took.

use std::time::{Duration, Instant};

/// Announces steps and their time. Output goes to standard error, so that results on standard output stay clean.
pub(crate) struct Steps {
    started: Instant,
}

impl Steps {
    /// Starts the clock that later lines refer to.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Runs one step between a line that names it and a line that tells its time.
    pub(crate) fn run<T>(&self, name: &str, step: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        eprintln!("==> {name}");
        let began = Instant::now();
        let outcome = step();
        let verdict = if outcome.is_ok() { "done" } else { "failed" };
        eprintln!(
            "    {verdict} in {} ({} since the start)",
            seconds(began.elapsed()),
            seconds(self.started.elapsed())
        );
        outcome
    }

    /// A remark that belongs to the step that is going on.
    pub(crate) fn note(&self, text: &str) {
        eprintln!("    {text}");
    }
}

/// A duration as people read it.
pub(crate) fn seconds(duration: Duration) -> String {
    let total = duration.as_secs();
    if total >= 60 { format!("{}m{:02}s", total / 60, total % 60) } else { format!("{:.1}s", duration.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_told_from_seconds() {
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2s");
        assert_eq!(seconds(Duration::from_secs(125)), "2m05s");
    }
}
