//! Values that go through a component.

use bulkhead_execution::{JobErrorKind, Outcome};
use serde_json::json;

use crate::sandbox::Invocation;
use crate::sandbox::corpus::Bench;
use crate::sandbox::corpus::component::Source;

/// Gives back the list of pairs that a map is in memory.
const MAPS: Source = Source::Module {
    wit: "package a:b; world w {
        export named: func(x: map<string, u32>) -> map<string, u32>;
        export numbered: func(x: map<u8, string>) -> map<u8, string>;
    }",
    core: r#"(module
        (memory (export "memory") 1) (global $free (mut i32) (i32.const 1024))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
            (global.get $free)
            (global.set $free (i32.add (global.get $free) (local.get 3))))
        (func $same (param i32 i32) (result i32)
            (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) i32.const 16)
        (export "named" (func $same)) (export "numbered" (func $same)))"#,
};

#[tokio::test]
async fn maps_go_in_and_come_out() {
    let connector = Bench::new().load(&MAPS.bytes()).await.expect("it is installed");
    for (tool, map) in [
        ("named", json!({})),
        ("named", json!({ "": 0, "one": 1, "\u{1f600}": u32::MAX })),
        ("numbered", json!([[1, "a"], [0, ""], [1, "again"]])),
    ] {
        let report = connector.call(Invocation::tool(tool, json!({ "x": map }).to_string())).await;
        let Outcome::Succeeded(result) = report.outcome else { panic!("{:?}", report.outcome) };
        assert_eq!(result, json!({ "structuredContent": { "result": map } }));
    }
    let wrong = json!({ "x": [[256, "a"]] }).to_string();
    let Outcome::Failed(error) = connector.call(Invocation::tool("numbered", wrong)).await.outcome else {
        panic!("it is taken")
    };
    assert_eq!(error.kind, JobErrorKind::InvalidArguments);
}

/// Wasmtime's support is off: see docs/connectors.md.
#[tokio::test]
async fn lists_of_fixed_length_are_refused() {
    let component = Source::Text(|| {
        r#"(component
            (core module $m (func (export "f") (param i32 i32) (result i32) i32.const 1))
            (core instance $i (instantiate $m))
            (func (export "f") (param "x" (list u8 2)) (result u32) (canon lift (core func $i "f"))))"#
            .to_owned()
    });
    let error = Bench::new().load(&component.bytes()).await.err().expect("refused");
    assert!(error.contains("fixed"), "{error}");
}
