//! Conventions of the source text.

use toml::{Table, Value};

use super::tree::File;
use super::{Tree, Violation};
use crate::workspace::Workspace;

const MOST_LINES: usize = 500;

/// Put together here, so that this file does not trip over itself.
const LEFTOVERS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// A package without `[lints] workspace = true` is checked by nobody.
pub(super) fn lints(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let manifests = tree.files().iter().filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"));
    let inherits = |file: &&File| {
        let Ok(manifest) = file.text.parse::<Table>() else { return false };
        let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
        !manifest.contains_key("package") || inherited == Some(true)
    };
    manifests
        .filter(|file| !inherits(file))
        .map(|file| Violation::new(&file.path, "add [lints] with workspace = true"))
        .collect()
}

/// A long file holds a second idea.
pub(super) fn length(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let lines = |file: &File| file.text.lines().count();
    tree.rust()
        .filter(|file| lines(file) > MOST_LINES)
        .map(|file| Violation::new(&file.path, format!("has {} lines: move its second idea to a file", lines(file))))
        .collect()
}

/// An ignored test rots.
pub(super) fn ignored_tests(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    attributes(tree, &["#[ignore"]).map(|(place, _)| Violation::new(place, "make the test run, or remove it")).collect()
}

/// Clippy says so too, but only of code that is compiled on this machine.
pub(super) fn lint_exceptions(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    attributes(tree, &["#[allow(", "#![allow(", "#[expect(", "#![expect("])
        .filter(|(_, attribute)| !attribute.contains("reason"))
        .map(|(place, _)| Violation::new(place, "write #[expect(lint, reason = \"...\")], or mend what the lint shows"))
        .collect()
}

/// Nobody comes back to a comment.
pub(super) fn leftovers(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let written_here = |file: &&File| !file.path.ends_with(".lock") && !file.path.ends_with("package-lock.json");
    let mut violations = Vec::new();
    for file in tree.files().iter().filter(written_here) {
        for (number, line) in file.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            if words.any(|word| LEFTOVERS.contains(&word)) {
                let place = format!("{}:{}", file.path, number + 1);
                violations.push(Violation::new(place, "do it now, or file an issue and remove the comment"));
            }
        }
    }
    violations
}

/// The attributes that begin a line in one of these ways, each in full with its place.
fn attributes<'a>(tree: &'a Tree, beginnings: &'a [&str]) -> impl Iterator<Item = (String, String)> + 'a {
    tree.rust().flat_map(move |file| {
        let lines: Vec<_> = file.text.lines().collect();
        let begins = |line: &str| beginnings.iter().any(|beginning| line.trim_start().starts_with(beginning));
        let found = (0..lines.len()).filter(|number| begins(lines[*number])).map(|number| {
            let end = (number..lines.len()).find(|end| lines[*end].contains(")]")).unwrap_or(number);
            (format!("{}:{}", file.path, number + 1), lines[number..=end].concat())
        });
        found.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tidy::Check;
    use crate::workspace::made_up;

    fn places(check: Check, files: &[(&str, &str)]) -> Vec<String> {
        let violations = check(&made_up::workspace(Path::new("/w"), &[]), &Tree::made_up(files));
        violations.into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn a_package_that_inherits_no_lints_fails() {
        let good = "[package]\nname = 'a'\n[lints]\nworkspace = true";
        let root = "[workspace]\nmembers = []";
        let bad = "[package]\nname = 'b'";
        let files = [("Cargo.toml", root), ("a/Cargo.toml", good), ("b/Cargo.toml", bad)];
        assert_eq!(places(lints, &files), ["b/Cargo.toml"]);
    }

    #[test]
    fn five_hundred_lines_pass_and_one_more_fails() {
        let (most, more) = ("x\n".repeat(500), "x\n".repeat(501));
        assert_eq!(places(length, &[("most.rs", &most), ("more.rs", &more), ("more.md", &more)]), ["more.rs"]);
    }

    #[test]
    fn an_ignored_test_fails() {
        let text = "#[test]\n    #[ignore = \"slow\"]\nfn a() {}\n// #[ignore] in a comment\n";
        assert_eq!(places(ignored_tests, &[("a.rs", text)]), ["a.rs:2"]);
    }

    #[test]
    fn an_exception_without_a_reason_fails() {
        let text = "#[allow(dead_code)]\nfn a() {}\n#[expect(\n    unsafe_code,\n    reason = \"maps a file\"\n)]\nfn b() {}\n";
        assert_eq!(places(lint_exceptions, &[("a.rs", text)]), ["a.rs:1"]);
    }

    #[test]
    fn a_leftover_fails_wherever_it_stands() {
        let text = format!("fine\n// {}: later\n", LEFTOVERS[0]);
        let files = [("a.rs", text.as_str()), ("b.md", LEFTOVERS[1]), ("c.rs", "todo lists are fine")];
        assert_eq!(places(leftovers, &files), ["a.rs:2", "b.md:1"]);
    }
}
