//! The conformance suite of the Model Context Protocol, whose fixtures are a connector (the guest
//! `connector-conformance`): every scenario that a version requires of a server, and no list of expected failures.

use bulkhead_system_tests::{Setup, path, program, run};

/// Runs what a version of the protocol requires. The suite knows no credential.
async fn conforms(version: &str) {
    let host = Setup::up().await.with_conformance().config("[mcp]\nauthentication = \"off\"\n").start().await;
    let mut suite = program("BULKHEAD_NODE");
    suite
        .arg(path("BULKHEAD_NODE_MODULES").join("@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--url", &format!("http://{}/mcp", host.address()), "--requirements", version])
        .arg("-o")
        .arg(host.setup().folder().join("conformance"));
    let ended = run(&mut suite).await;
    let summary: Vec<&str> = ended.output.lines().filter(|line| line.starts_with(['✗', '✓', 'T', 'N'])).collect();
    assert!(ended.status.success(), "{}\n{}", summary.join("\n"), ended.errors);
    // A suite that found nothing to do would end well too.
    let passed = summary.iter().filter(|line| line.starts_with('✓')).count();
    assert!(passed >= 30, "{}", summary.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_conforms_to_2026_07_28() {
    conforms("2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_conforms_to_2025_11_25() {
    conforms("2025-11-25").await;
}
