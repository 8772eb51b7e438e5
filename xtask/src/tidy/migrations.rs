//! Two databases, one history.

use std::collections::BTreeMap;

use super::{Tree, Violation};
use crate::workspace::Workspace;

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// The same numbers from 1 on in both folders. What only one database needs has a file of the same number in the other
/// one, without a statement, that says why: then a number means the same state of the schema everywhere.
pub(super) fn numbering(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut numbers: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for database in DATABASES {
        for (name, text) in migrations(tree, database) {
            let place = format!("migrations/{database}/{name}");
            let Some(number) = number(name) else { continue };
            let holders = numbers.entry(number).or_default();
            if holders.contains(&database) {
                violations.push(Violation::new(&place, "another migration has this number: take the next free one"));
            }
            holders.push(database);
            if !has_statement(text) && !has_comment(text) {
                violations
                    .push(Violation::new(&place, "does nothing: say in a comment why this database needs nothing"));
            }
        }
    }
    for (expected, (number, holders)) in (1..).zip(&numbers) {
        if *number != expected {
            violations.push(Violation::new("migrations", format!("{expected:04} is missing before {number:04}")));
            break;
        }
        for database in DATABASES.iter().filter(|database| !holders.contains(database)) {
            let remedy = "add it, or a file with only a comment that says why this database needs nothing";
            violations.push(Violation::new(format!("migrations/{database}/{number:04}_*.sql"), remedy));
        }
    }
    violations
}

/// A name that sorts by number and says what happens.
pub(super) fn names(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    let all =
        DATABASES.into_iter().flat_map(|database| migrations(tree, database).map(move |(name, _)| (database, name)));
    all.filter(|(_, name)| number(name).is_none())
        .map(|(database, name)| {
            let example = "0007_create_flags.sql";
            Violation::new(format!("migrations/{database}/{name}"), format!("name it like {example}"))
        })
        .collect()
}

fn migrations<'a>(tree: &'a Tree, database: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let prefix = format!("migrations/{database}/");
    tree.files().iter().filter_map(move |file| Some((file.path.strip_prefix(&prefix)?, file.text.as_str())))
}

/// 7 from `0007_create_flags.sql`; `None` for a name of another form.
fn number(name: &str) -> Option<u32> {
    let (digits, words) = name.strip_suffix(".sql")?.split_once('_')?;
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let well_named = words.contains('_') && words.split('_').all(is_word);
    (digits.len() == 4 && well_named).then(|| digits.parse().ok())?
}

fn has_statement(sql: &str) -> bool {
    sql.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with("--"))
}

fn has_comment(sql: &str) -> bool {
    sql.lines().any(|line| line.trim().trim_start_matches('-').len() > 10)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    fn places(files: &[(&str, &str)]) -> Vec<String> {
        let workspace = made_up::workspace(Path::new("/w"), &[]);
        let tree = Tree::made_up(files);
        numbering(&workspace, &tree).into_iter().chain(names(&workspace, &tree)).map(|v| v.place).collect()
    }

    #[test]
    fn the_same_numbers_in_both_pass_even_under_other_names() {
        let files = [
            ("migrations/sqlite/0001_create_jobs.sql", "CREATE TABLE jobs (id TEXT);"),
            ("migrations/sqlite/0002_skip_policies.sql", "-- SQLite has no row-level security.\n"),
            ("migrations/postgres/0001_create_jobs.sql", "CREATE TABLE jobs (id TEXT);"),
            ("migrations/postgres/0002_add_policies.sql", "CREATE POLICY p ON jobs;"),
        ];
        assert_eq!(places(&files), Vec::<String>::new());
    }

    #[test]
    fn one_that_the_other_database_lacks_fails() {
        let files = [("migrations/postgres/0001_add_policies.sql", "CREATE POLICY p ON jobs;")];
        assert_eq!(places(&files), ["migrations/sqlite/0001_*.sql"]);
    }

    #[test]
    fn gaps_doubles_and_silence_fail() {
        let both = |name: &'static str| ["sqlite", "postgres"].map(|d| (format!("migrations/{d}/{name}"), "SELECT 1;"));
        let owned: Vec<_> = both("0001_create_a.sql").into_iter().chain(both("0003_create_b.sql")).collect();
        let files: Vec<_> = owned.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        assert_eq!(places(&files), ["migrations"]);

        let doubled = [
            ("migrations/sqlite/0001_create_a.sql", "SELECT 1;"),
            ("migrations/sqlite/0001_create_b.sql", "SELECT 1;"),
            ("migrations/postgres/0001_create_a.sql", "\n"),
        ];
        assert_eq!(places(&doubled), ["migrations/sqlite/0001_create_b.sql", "migrations/postgres/0001_create_a.sql"]);
    }

    #[test]
    fn a_name_without_verb_and_noun_fails() {
        assert_eq!(number("0012_create_jobs.sql"), Some(12));
        for name in ["12_create_jobs.sql", "0012_jobs.sql", "0012-create-jobs.sql", "0012_Create_Jobs.sql", "README.md"]
        {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
