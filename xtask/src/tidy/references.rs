//! What the repository says must be true for somebody who has only the repository.

use clap::CommandFactory;

use super::{Tree, Violation};
use crate::Cli;
use crate::workspace::Workspace;

/// Notes that the project was planned with, and their folder. Put together here, so that this file does not name them.
const NOTES: [&str; 4] =
    [concat!("design", ".md"), concat!("style", ".md"), concat!("reference", ".md"), concat!("shared/", "seeds")];

const DOCUMENTS: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run"];

/// A reader can't follow a path that leads out of the repository.
pub(super) fn outside(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.files() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in file.text.lines().enumerate() {
            let named = words(line)
                .find(|word| NOTES.iter().any(|note| is_path_to(word, note)) || leads_outside(tree, folder, word));
            if let Some(word) = named {
                let place = format!("{}:{}", file.path, number + 1);
                violations.push(Violation::new(place, format!("{word:?} is not in the repository: say what it says")));
            }
        }
    }
    violations
}

/// A newcomer types what the documents say.
pub(super) fn commands(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let cli = Cli::command();
    let known: Vec<_> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let mut violations = Vec::new();
    for document in DOCUMENTS {
        let text = tree.text(document).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            for rest in line.split("cargo xtask ").skip(1) {
                let name = rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default();
                if !name.is_empty() && !known.contains(&name) {
                    let remedy = format!("xtask has no command {name:?}; it has {}", known.join(", "));
                    violations.push(Violation::new(format!("{document}:{}", number + 1), remedy));
                }
            }
        }
    }
    violations
}

/// What may be a path in a line of text.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'`()[]{}<>,;".contains(c)).filter(|word| word.contains(['/', '.']))
}

fn is_path_to(word: &str, note: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '/']);
    word.strip_suffix(note).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// A relative path with a folder `shared` in it that climbs out of the root, or to nothing.
fn leads_outside(tree: &Tree, folder: &str, word: &str) -> bool {
    let shared = concat!("../", "shared/");
    if word.starts_with(concat!("/work/", "shared")) {
        return true;
    }
    if !word.starts_with("../") || !word.contains(shared) {
        return false;
    }
    let mut parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in word.trim_end_matches(['.', ':', '/']).split('/') {
        match part {
            ".." if parts.pop().is_none() => return true,
            ".." | "." | "" => {}
            name => parts.push(name),
        }
    }
    !tree.exists(&parts.join("/"))
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
    fn a_path_to_a_crate_of_the_workspace_passes() {
        let manifest = concat!("kernel = { path = \"../../", "shared/kernel\" }");
        let files = [("functions/tools/Cargo.toml", manifest), ("shared/kernel/Cargo.toml", "")];
        assert_eq!(places(outside, &files), Vec::<String>::new());
    }

    #[test]
    fn a_path_out_of_the_repository_fails() {
        let files = [
            ("README.md", concat!("As in ../", "shared/plan.txt says.")),
            ("mcp-host/src/main.rs", concat!("//! See `../", "shared/plan.txt`.")),
            ("ARCHITECTURE.md", concat!("See design", ".md.")),
            ("docs/a.md", "my-redesign.md is fine"),
        ];
        assert_eq!(places(outside, &files), ["README.md:1", "mcp-host/src/main.rs:1", "ARCHITECTURE.md:1"]);
    }

    #[test]
    fn a_command_that_xtask_lacks_fails() {
        let text = "Type `cargo xtask up`.\nThen `cargo xtask fly --fast`.\n";
        assert_eq!(places(commands, &[("README.md", text)]), ["README.md:2"]);
    }
}
