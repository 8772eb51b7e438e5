//! Every statement of every store, without its tenant, shows and changes nothing of another tenant on PostgreSQL.
//!
//! [`flows`] go through the use cases of all feature crates. [`Probe`] sees each statement that they send, takes the tenant
//! out of its predicate ([`strip`]), and tries it twice before it runs: once about the tenant itself, where it must
//! find something, and once about a stranger, where it must not. [`source`] knows every statement that there is, so
//! one that no flow sends is noticed: a new statement needs a call of its use case in a file of `flows`.

mod flows;
mod probe;
mod source;
mod strip;

use std::collections::BTreeSet;

use bulkhead_testkit::functions::postgres::administer;

use flows::Scene;
use probe::{Finding, Place};

/// What every statement with a tenant did.
async fn findings(prepare: impl AsyncFnOnce(&str)) -> Vec<(Place, Finding)> {
    let scene = Scene::start().await;
    prepare(&scene.url).await;
    flows::all(&scene).await;
    scene.probe.findings()
}

fn places(findings: &[(Place, Finding)], which: impl Fn(&Finding) -> bool) -> Vec<String> {
    findings.iter().filter(|(_, finding)| which(finding)).map(|(place, _)| place.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_without_its_tenant_sees_or_changes_anothers_rows() {
    let findings = findings(async |_| {}).await;
    let faults: Vec<_> = findings
        .iter()
        .flat_map(|(place, finding)| finding.faults.iter().map(move |f| format!("{place}: {f}")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(places(&findings, |finding| finding.strangers_rows > 0), Vec::<String>::new(), "leaked");
    // One that finds nothing for its own tenant either proves nothing.
    assert_eq!(places(&findings, Finding::proves_nothing), Vec::<String>::new(), "found nothing of their own");

    let sent: BTreeSet<Place> = findings.iter().map(|(place, _)| place.clone()).collect();
    let missing: Vec<_> = source::statements().difference(&sent).map(ToString::to_string).collect();
    assert!(missing.is_empty(), "no flow of this test sends the statements at {missing:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_policies_every_such_statement_would() {
    let disable = "DO $$ DECLARE t regclass; BEGIN \
                   FOR t IN SELECT polrelid::regclass FROM pg_policy LOOP \
                   EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t); END LOOP; END $$";
    let findings = findings(async |url: &str| administer(url, disable).await).await;
    let of_a_tenant = places(&findings, |finding| finding.of_a_tenant && !finding.inserts);
    assert!(of_a_tenant.len() > 20, "{of_a_tenant:#?}");
    assert_eq!(places(&findings, |finding| finding.strangers_rows > 0 && !finding.inserts), of_a_tenant);
}
