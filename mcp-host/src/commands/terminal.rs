//! What commands say: the result on standard output, everything else on standard error.

use std::io::Write as _;

use anyhow::Context as _;

/// Writes the result.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{text}").and_then(|()| output.flush()).context("the result can't be written")
}

/// Says something beside the result.
#[expect(clippy::print_stderr, reason = "for whoever typed the command, whatever the log filter says")]
pub(super) fn note(text: &str) {
    eprintln!("{text}");
}
