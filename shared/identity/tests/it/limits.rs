//! What `docs/limits.md` says is what holds.

use bulkhead_identity::{CredentialLimits, InvalidLifetimes, Lifetimes, Limit, LockoutTerms, Quota};

const DOCUMENT: &str = include_str!("../../../../docs/limits.md");

/// The cells of the rows whose first cell is in code, in tables of so many columns.
fn rows(columns: usize) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.filter(|row| row.len() == columns).collect()
}

#[test]
fn every_limit_is_documented_with_its_default() {
    let expected = Limit::ALL.map(|limit| {
        let Quota { quota, window } = limit.default_quota();
        [format!("`{}`", limit.name()), format!("{quota}/{}", window.as_secs())]
    });
    let documented: Vec<_> = rows(3).iter().map(|row| [row[0].to_owned(), row[1].to_owned()]).collect();
    assert_eq!(documented, expected);
    let LockoutTerms { after, first, longest } = CredentialLimits::default().lockout;
    let lockout = format!("`lockout={after}/{}/{}`", first.as_secs(), longest.as_secs());
    assert!(DOCUMENT.contains(&lockout), "{lockout}");
}

#[test]
fn every_lifetime_is_documented_with_its_default_and_its_bounds() {
    let rows = rows(5);
    for row in &rows {
        let name = row[0].trim_matches('`');
        let set = |value: &str| Lifetimes::parse(&format!("{name}={value}"));
        assert_eq!(set(row[1]), Ok(Lifetimes::default()), "{name}");
        let no_lifetime = |value: &str| matches!(set(value), Err(InvalidLifetimes::Item(_)));
        // A bound alone may not fit the other lifetimes' defaults, which is another refusal.
        assert!(!no_lifetime(row[2]) && !no_lifetime(row[3]), "{name}");
        let bounds = format!("{name} ({} to {})", row[2], row[3]);
        let told = Lifetimes::parse("x").expect_err("no lifetime").to_string();
        assert!(told.contains(&bounds), "{bounds} is not in: {told}");
    }
    let told = Lifetimes::parse("x").expect_err("no lifetime").to_string();
    assert_eq!(rows.len(), told.matches(" to ").count(), "{told}");
}
