//! What `docs/access.md` says is what the code does.

use std::fmt::Debug;

use bulkhead_identity::{ProjectPermission, ProjectRole};
use bulkhead_kernel::{Permission, Role};

const DOCUMENT: &str = include_str!("../../../../docs/access.md");

fn row(name: &dyn Debug, scope: Option<&str>, may: [bool; 3]) -> String {
    let mut cells = vec![format!("`{name:?}`")];
    cells.extend(scope.map(|scope| format!("`{scope}`")));
    cells.extend(may.map(|may| if may { "yes" } else { "no" }.to_owned()));
    format!("| {} |", cells.join(" | "))
}

/// The rows of the document whose first cell is in code, such as `ReadJobs`.
fn documented() -> Vec<&'static str> {
    DOCUMENT.lines().filter(|line| line.starts_with("| `")).map(|line| line.trim_end()).collect()
}

#[test]
fn the_documented_matrices_are_the_ones_that_hold() {
    let organization = Permission::ALL.map(|permission| {
        let may = [Role::Member, Role::Admin, Role::Owner].map(|role| role >= permission.least_role());
        row(&permission, Some(permission.scope().as_str()), may)
    });
    let project = ProjectPermission::ALL
        .map(|permission| row(&permission, None, ProjectRole::ALL.map(|role| role.may(permission))));
    let expected: Vec<_> = organization.into_iter().chain(project).collect();
    let expected_text = expected.join("\n");
    assert_eq!(documented(), expected, "docs/access.md should have these rows:\n{expected_text}");
}
