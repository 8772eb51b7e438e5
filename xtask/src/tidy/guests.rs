//! A hostile component that no test runs proves nothing.

use super::{Tree, Violation};
use crate::workspace::Workspace;

const GUESTS: &str = "tests/guests";

/// Every guest is named in a file with tests, outside of the guests themselves.
pub(super) fn used(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let is_used = |guest: &str| tree.rust().any(|file| has_tests(&file.path, &file.text) && file.text.contains(guest));
    let unused = tree.folders(GUESTS).into_iter().filter(|guest| !is_used(guest));
    unused
        .map(|guest| {
            Violation::new(
                format!("{GUESTS}/{guest}"),
                format!("name {guest:?} in the test that uses it, or remove it"),
            )
        })
        .collect()
}

fn has_tests(path: &str, text: &str) -> bool {
    let elsewhere = path.starts_with(GUESTS) || path.starts_with("xtask/");
    let is_test_source = path.starts_with("tests/") || path.contains("/tests/") || text.contains("#[cfg(test)]");
    is_test_source && !elsewhere
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    #[test]
    fn a_guest_is_used_when_a_test_names_it() {
        let count = |path: &str| {
            let tree = Tree::made_up(&[("tests/guests/looper/src/lib.rs", "// looper"), (path, "guest(\"looper\")")]);
            used(&made_up::workspace(Path::new("/w"), &[]), &tree).len()
        };
        assert_eq!(count("tests/tests/limits.rs"), 0);
        assert_eq!(count("mcp-host/tests/sandbox.rs"), 0);
        assert_eq!(count("mcp-host/src/main.rs"), 1);
        assert_eq!(count("tests/guests/other/src/lib.rs"), 2);
    }
}
