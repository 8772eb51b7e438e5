//! Every folder in `connectors/` is a connector that the host can find.

use toml::{Table, Value};

use super::{Tree, Violation};
use crate::workspace::Workspace;

/// Read from the tree and not from cargo, because a connector may be written in any language.
pub(super) fn manifests(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let folders = tree.folders("connectors").into_iter().filter(|folder| *folder != "kit");
    folders.filter_map(|folder| fault(tree, folder)).collect()
}

fn fault(tree: &Tree, folder: &str) -> Option<Violation> {
    let place = format!("connectors/{folder}/connector.toml");
    let remedy = match tree.text(&place) {
        None => "is missing: every connector has a manifest".to_owned(),
        Some(text) => match text.parse::<Table>() {
            Err(error) => format!("is not TOML: {error}"),
            Ok(manifest) => match manifest.get("slug").and_then(Value::as_str) {
                Some(slug) if slug == folder => return None,
                Some(slug) => format!("rename the folder to {slug:?} or the slug to {folder:?}"),
                None => format!("add slug = {folder:?}"),
            },
        },
    };
    Some(Violation::new(place, remedy))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    fn count(files: &[(&str, &str)]) -> usize {
        manifests(&made_up::workspace(Path::new("/w"), &[]), &Tree::made_up(files)).len()
    }

    #[test]
    fn a_manifest_with_the_folders_name_passes_and_the_kit_needs_none() {
        assert_eq!(count(&[("connectors/jira/connector.toml", "slug = 'jira'"), ("connectors/kit/src/lib.rs", "")]), 0);
    }

    #[test]
    fn a_missing_broken_or_foreign_manifest_fails() {
        assert_eq!(count(&[("connectors/jira/tool.py", "")]), 1);
        assert_eq!(count(&[("connectors/jira/connector.toml", "slug =")]), 1);
        assert_eq!(count(&[("connectors/jira/connector.toml", "name = 'Jira'")]), 1);
        assert_eq!(count(&[("connectors/jira/connector.toml", "slug = 'github'")]), 1);
    }
}
