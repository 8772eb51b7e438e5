//! The statements that the feature crates have in their source.

use std::collections::BTreeSet;
use std::path::Path;

use super::probe::Place;

/// What has no statements of a store, though it stands beside those that have.
const OTHERS: [&str; 5] = ["http-api", "kernel", "native-adapters", "spin-adapters", "testkit"];

/// Where a statement begins: every call of `sql` outside of tests, in files of which a statement says whose rows it is about.
/// One that says nothing sees nothing of any tenant, and fails the tests of functions when it names a tenant's table: a
/// file of such ones, like that of second factors, may have a flow and needs none.
pub(crate) fn statements() -> BTreeSet<Place> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crates are in a folder");
    let mut found = BTreeSet::new();
    for entry in shared.read_dir().expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        if !OTHERS.contains(&name.as_str()) {
            read_folder(&entry.path().join("src"), &format!("shared/{name}/src"), &mut found);
        }
    }
    found
}

fn read_folder(folder: &Path, path: &str, found: &mut BTreeSet<Place>) {
    for entry in folder.read_dir().expect("a folder").flatten() {
        let path = format!("{path}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            if !path.ends_with("/tests") {
                read_folder(&entry.path(), &path, found);
            }
        } else if path.ends_with(".rs") && !path.ends_with("/tests.rs") {
            let text = std::fs::read_to_string(entry.path()).expect("a text");
            if is_about_tenants(&text) {
                found.extend(lines(&text).map(|line| Place { file: path.clone(), line }));
            }
        }
    }
}

fn is_about_tenants(text: &str) -> bool {
    [".of(", ".across_tenants("].iter().any(|said| text.contains(said))
}

fn lines(text: &str) -> impl Iterator<Item = u32> + '_ {
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    (1..).zip(code).filter(|(_, line)| begins_a_statement(line)).map(|(number, _)| number)
}

fn begins_a_statement(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("sql(").any(|(at, _)| {
        let before = &code[..at];
        !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.')) && !before.ends_with("fn ")
    })
}

#[test]
fn a_call_is_told_from_its_likes() {
    for line in ["sql(\"SELECT 1\")", "    let a = sql(format!(\"x\"))", "=> sql(", "Ok(sql(\"INSERT"] {
        assert!(begins_a_statement(line), "{line}");
    }
    for line in ["// sql(\"SELECT 1\")", "ports.sql()", "fn sql(text)", "database.sql(", "my_sql(", "use a::sql;"] {
        assert!(!begins_a_statement(line), "{line}");
    }
    assert_eq!(lines("a\nsql(\n#[cfg(test)]\nsql(").collect::<Vec<_>>(), [2]);
    assert!(is_about_tenants("sql(text).of(id)") && is_about_tenants("sql(text)\n    .across_tenants(why)"));
    assert!(!is_about_tenants("sql(text).bind(id)"));
}
