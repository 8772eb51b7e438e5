//! This project's own conventions, as failures that name them.
//!
//! A check reads the workspace as cargo sees it and the tree as text, and reports every place that breaks a
//! convention, with what to do about it. To add one: a file with one public function and its tests, and a line in
//! [`CHECKS`].

mod connectors;
mod domain;
mod edges;
mod functions;
mod guests;
mod migrations;
mod references;
mod source;
mod tenancy;
mod tree;
mod variables;

use crate::progress::Steps;
use crate::suite::Suite;
use crate::workspace::Workspace;

pub(crate) use tree::is_source;

use tree::Tree;

/// Where a convention is broken, and what would mend it.
#[derive(Debug)]
struct Violation {
    place: String,
    remedy: String,
}

impl Violation {
    fn new(place: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), remedy: remedy.into() }
    }
}

type Check = fn(&Workspace, &Tree) -> Vec<Violation>;

/// Every convention, in the words that a failure shows.
const CHECKS: [(&str, Check); 19] = [
    ("every package is in a folder of the layout", edges::layout),
    ("kernel <- feature crates <- http-api <- functions; kernel <- adapters", edges::between_packages),
    ("what compiles into a function's domain names no runtime and no database driver", edges::to_the_outside),
    ("domain code does no I/O and takes the time as a parameter", domain::purity),
    ("every function is a component with a route in spin.toml", functions::registered),
    ("every component in spin.toml is a function", functions::known),
    ("secrets are variables of Spin's that are marked, and none is in spin.toml", variables::secrets),
    ("every connector has a manifest whose slug is its folder's name", connectors::manifests),
    ("every test guest is used by a test", guests::used),
    ("both databases have the same migrations, without gaps", migrations::numbering),
    ("a migration's name is NNNN_verb_noun.sql", migrations::names),
    ("a statement about every tenant's rows is listed with its reason", tenancy::listed),
    ("every package inherits the workspace's lints", source::lints),
    ("a file has one idea, and at most 500 lines of Rust", source::length),
    ("a test runs or does not exist", source::ignored_tests),
    ("an exception to a lint gives its reason", source::lint_exceptions),
    ("what is left to do is an issue, not a comment", source::leftovers),
    ("nothing refers to what is outside of the repository", references::outside),
    ("the documents name commands that xtask has", references::commands),
];

/// Runs every check. Each counts as passed or failed; violations are shown as they are found.
pub(crate) fn tidy(workspace: &Workspace, steps: &Steps) -> Suite {
    let mut suite = Suite::start("tidy");
    suite.check(steps, "tidy: read the tree", || Tree::read(&workspace.root)).into_iter().for_each(|tree| {
        for (convention, check) in CHECKS {
            let violations = check(workspace, &tree);
            if violations.is_empty() {
                suite.passed += 1;
                continue;
            }
            suite.failed += 1;
            steps.note(&format!("convention: {convention}"));
            for Violation { place, remedy } in violations {
                steps.note(&format!("  {place}: {remedy}"));
            }
        }
    });
    suite.finish()
}
