//! Domain code stays free of the operating system.

use super::{Tree, Violation};
use crate::workspace::{Role, Workspace};

const OUTSIDE: [&str; 7] =
    ["std::fs", "std::net", "std::process", "std::env", "std::thread", "Instant::now", "SystemTime::now"];

/// What a component can't do, or a test can't control, is a port of the kernel.
pub(super) fn purity(workspace: &Workspace, tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in workspace.with_role(&[Role::Kernel, Role::Feature]) {
        let Ok(folder) = package.folder().strip_prefix(&workspace.root) else { continue };
        let sources = format!("{}/src/", folder.display());
        for file in tree.rust().filter(|file| file.path.starts_with(&sources)) {
            // Tests may read files.
            for (number, line) in
                file.shipped().lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                if let Some(name) = OUTSIDE.iter().find(|name| line.contains(**name)) {
                    let place = format!("{}:{}", file.path, number + 1);
                    violations.push(Violation::new(place, format!("take what {name} gives through a port in Ports")));
                }
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    #[test]
    fn only_domain_code_outside_of_tests_is_held_to_it() {
        let packages: [(&str, &str, &[&str]); 2] = [("audit", "shared/audit", &[]), ("host", "mcp-host", &[])];
        let workspace = made_up::workspace(Path::new("/w"), &packages);
        let tree = Tree::made_up(&[
            (
                "shared/audit/src/lib.rs",
                "//! Not std::fs.\n#[cfg(test)]\nmod tests;\nlet now = SystemTime::now();\n#[cfg(test)]\nmod tests {\nuse std::fs;\n",
            ),
            ("mcp-host/src/main.rs", "use std::fs;"),
        ]);
        let violations = purity(&workspace, &tree);
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].place, "shared/audit/src/lib.rs:4");
    }
}
