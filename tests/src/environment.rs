//! What `cargo xtask test` tells the tests.

use std::path::PathBuf;
use std::process::Command;

/// The value of a variable that `cargo xtask test` sets.
///
/// # Panics
/// When it is not set: a scenario that quietly did not run would read like one that passed.
#[must_use]
pub(crate) fn text(name: &str) -> String {
    optional(name).unwrap_or_else(|| panic!("{name} is not set; `cargo xtask test` sets it"))
}

/// The same, where it may be missing.
#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
pub(crate) fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A file or folder that a variable names.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    text(name).into()
}

/// A program that a variable names.
#[must_use]
pub fn program(name: &str) -> Command {
    Command::new(path(name))
}
