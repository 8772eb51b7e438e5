//! The hostile corpus as a whole: `tests/HOSTILE.md` names every attack, each has a test, and many of them leave no mark.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bulkhead_system_tests::{Host, Setup};
use serde_json::{Value, json};

fn folder(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let files = folder.read_dir().expect("it is a folder").flatten().filter(|entry| entry.path().is_file());
    files.map(|file| fs::read_to_string(file.path()).expect("it is text")).collect()
}

/// The names of the hostile connector's tools, as its source declares them.
fn hostile_tools() -> BTreeSet<String> {
    let source = folder("guests/connector-hostile/src");
    let names = source.split("const NAME: &'static str = \"").skip(1);
    names.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn every_hostile_tool_is_listed_and_called_by_a_test() {
    let (tools, tests) = (hostile_tools(), folder("scenarios"));
    assert!(tools.len() >= 20, "{tools:?}");
    let listed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("HOSTILE.md")).expect("the list");
    for tool in tools {
        assert!(listed.contains(&format!("| `{tool}` |")), "tests/HOSTILE.md does not list {tool}");
        let called = tests.contains(&format!("\"{tool}\"")) || tests.contains(&format!("\"hostile_{tool}\""));
        assert!(called, "no scenario calls {tool}");
    }
}

/// Resident memory of the host's process: bytes.
fn resident(host: &Host) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", host.id())).expect("the host runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib << 10
}

/// What a call may leave in memory: the pool keeps what calls touched up to a bound, so the first calls fill it.
async fn attack(host: &Host, calls: usize) {
    const AT_ONCE: usize = 16;
    let attacks: [(&str, Value); 7] = [
        ("spin_forever", json!({})),
        ("allocate_without_end", json!({})),
        ("trap", json!({})),
        ("stack_overflow", json!({})),
        ("huge_result", json!({ "bytes": 1 << 21 })),
        ("log_flood", json!({ "messages": 200, "bytes": 5000 })),
        ("bad_output", json!({})),
    ];
    let mut made = 0;
    while made < calls {
        let batch = (made..(made + AT_ONCE).min(calls)).map(|index| {
            let (tool, arguments) = &attacks[index % attacks.len()];
            let request = host.tool_call(&format!("hostile_{tool}"), arguments);
            tokio::spawn(async move { request.send().await.expect(200) })
        });
        for call in batch.collect::<Vec<_>>() {
            let answer = call.await.expect("it is answered");
            assert!(answer["result"].is_object(), "{answer:#}");
        }
        made += AT_ONCE;
    }
}

/// 2,000 calls after a warm-up. The pool's places fill up to their bound for about 10,000 calls, by ever less, and then
/// memory is flat; that takes too long here. What a call may leave behind until then is little: a leaked instance would be
/// a hundred times as much. `cargo xtask bench` makes 10,000 calls and prints what they left.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_calls_leave_next_to_nothing_in_memory() {
    let config = "[connectors.hostile.limits]\ncpu_ms = 20\n";
    let host = Setup::up().await.with_hostile().config(config).start().await;
    attack(&host, 600).await;
    let before = resident(&host);
    attack(&host, 2000).await;
    let after = resident(&host);
    let most = before + 2000 * (32 << 10);
    assert!(after <= most, "resident memory grew from {before} to {after} bytes");
    let echo = host.call("hostile_echo", json!({ "a": 1 })).await;
    assert_eq!(echo["structuredContent"], json!({ "arguments": { "a": 1 } }));
}
