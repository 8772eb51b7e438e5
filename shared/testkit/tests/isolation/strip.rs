//! A statement without its tenant.

use bulkhead_kernel::sql::{Statement, Tenancy, Value, sql};

/// The same statement with every comparison of a column with the tenant's id replaced by one that is true, which still
/// has the parameter in it. `None` when there is no such comparison.
pub(crate) fn strip(statement: &Statement) -> Option<Statement> {
    let Tenancy::Of(organization) = statement.tenancy() else { return None };
    let tenant = Value::Text(organization.to_string());
    let mut text = statement.text().to_owned();
    let mut stripped = false;
    for (index, _) in statement.parameters().iter().enumerate().filter(|(_, value)| **value == tenant) {
        let place = format!("${}", index + 1);
        let comparison = format!(" = {place}");
        let mut from = 0;
        while let Some(found) = text[from..].find(&comparison).map(|found| found + from) {
            let end = found + comparison.len();
            from = end;
            if text[end..].starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
            let start = text[..found].rfind(|c| !of_a_name(c)).map_or(0, |before| before + 1);
            let is_set = text[..start].trim_end().ends_with("SET") || text[..start].trim_end().ends_with(',');
            if start < found && !is_set {
                let always = format!("({place} = {place})");
                text.replace_range(start..end, &always);
                from = start + always.len();
                stripped = true;
            }
        }
    }
    let start = sql(text);
    stripped.then(|| statement.parameters().iter().cloned().fold(start, Statement::bind))
}

#[test]
fn every_comparison_with_the_tenant_is_taken_out_and_nothing_else() {
    let tenant: bulkhead_kernel::id::OrganizationId = "00000000-0000-7000-8000-000000000001".parse().expect("an id");
    let of = |text: &'static str| strip(&sql(text).bind("other").bind(tenant).of(tenant)).map(|s| s.text().to_owned());
    assert_eq!(
        of("SELECT a FROM t WHERE b = $1 AND r.organization_id = $2 AND id = $20").as_deref(),
        Some("SELECT a FROM t WHERE b = $1 AND ($2 = $2) AND id = $20")
    );
    assert_eq!(
        of("SELECT a, (SELECT b FROM u WHERE organization_id = $2) FROM t WHERE organization_id = $2 OR c").as_deref(),
        Some("SELECT a, (SELECT b FROM u WHERE ($2 = $2)) FROM t WHERE ($2 = $2) OR c")
    );
    assert_eq!(of("INSERT INTO t (b, organization_id) VALUES ($1, $2)"), None);
    assert_eq!(of("UPDATE t SET organization_id = $2 WHERE b = $1"), None);
    assert_eq!(of("SELECT a FROM t WHERE organization_id = $1"), None);
}
