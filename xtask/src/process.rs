//! Running other programs, and saying plainly which one failed.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Runs a program that talks to the terminal itself.
///
/// # Errors
/// When it can't be started or ends with another status than 0; the error shows the command line.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("can't start {}", line_of(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line_of(command));
    }
    Ok(())
}

/// Runs a program quietly and returns its standard output without the final line break.
///
/// # Errors
/// When it can't be started or fails; the error carries what it said on standard error.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("can't start {}", line_of(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", line_of(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Runs a program, shows its output as it comes, and returns all of it together with whether it succeeded.
///
/// # Errors
/// When it can't be started.
pub(crate) fn tee(command: &mut Command) -> anyhow::Result<(bool, String)> {
    let line = line_of(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start {line}"))?;
    let errors = child.stderr.take().context("standard error is piped")?;
    let output = child.stdout.take().context("standard output is piped")?;
    // Two threads, because a program that fills one pipe while nobody reads it stops for ever.
    let (errors, output) = std::thread::scope(|scope| {
        let errors = scope.spawn(move || copy_lines(errors, std::io::stderr()));
        let output = copy_lines(output, std::io::stdout());
        (errors.join().unwrap_or_default(), output)
    });
    let status = child.wait().with_context(|| format!("can't wait for {line}"))?;
    Ok((status.success(), errors + &output))
}

fn copy_lines(from: impl Read, mut to: impl Write) -> String {
    let mut kept = String::new();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        // A terminal that is gone is no reason to lose count of the tests.
        let _ = to.write_all(&line);
        kept.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    kept
}

/// Where a program is, when it is on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| is_program(path))
}

/// Whether a file is there and may be executed.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Whether a command can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

fn line_of(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    let line = words.join(" ");
    // A list of thirty packages hides what failed.
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("`{} ...`", &line[..end]),
        None => format!("`{line}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo broken >&2; exit 3"])).expect_err("fails");
        let text = format!("{error:#}");
        assert!(text.contains("broken") && text.contains("exit status: 3") && text.contains("sh -c"), "{text}");
    }

    #[test]
    fn both_streams_are_kept() {
        let (success, text) = tee(Command::new("sh").args(["-c", "echo one; echo two >&2; exit 1"])).expect("starts");
        assert!(!success);
        assert!(text.contains("one\n") && text.contains("two\n"));
    }

    #[test]
    fn a_missing_program_is_not_found() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-at-all").is_none());
    }
}
