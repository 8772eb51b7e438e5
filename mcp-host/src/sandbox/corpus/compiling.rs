//! Components that are meant for the compiler.

use std::time::Duration;

use wasm_encoder::{ComponentSection as _, CustomSection};

use super::component::{GOOD, RUN, Source};
use super::{Attack, Bench, Contained};
use crate::sandbox::{EngineOptions, Surface};

const fn refused(name: &'static str, component: Source, setting: &'static str) -> Attack {
    Attack { name, component, tool: "run", contained: Contained::Refused(setting) }
}

pub(super) const ATTACKS: &[Attack] = &[
    refused("component_of_many_bytes", Source::Bytes(|| with_section(64 << 20)), "sandbox.max_component_mib"),
    refused(
        "functions_without_end",
        Source::Made { wit: RUN, core: || module(&"(func)".repeat(100_001), "") },
        "sandbox.max_functions",
    ),
    refused(
        "function_of_many_bytes",
        Source::Made { wit: RUN, core: || module("", &"nop ".repeat(1 << 20)) },
        "sandbox.max_function_kib",
    ),
    refused(
        "types_of_many_values",
        Source::Made { wit: RUN, core: || module(&format!("(type (func (result {})))", "i32 ".repeat(101)), "") },
        "sandbox.max_arity",
    ),
    refused(
        "locals_of_much_code",
        Source::Made {
            wit: RUN,
            core: || module(&format!("(func (local {}) {})", "i32 ".repeat(3000), "nop ".repeat(400_000)), ""),
        },
        "sandbox.max_compile_effort",
    ),
];

pub(super) fn module(functions: &str, body: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1) {functions} (func (export "run") (result i32) {body} i32.const 16))"#
    )
}

/// A good component with so many bytes in it that nobody reads.
fn with_section(bytes: usize) -> Vec<u8> {
    let mut component = GOOD.bytes();
    let section = CustomSection { name: "padding".into(), data: vec![0; bytes].into() };
    section.append_to_component(&mut component);
    component
}

/// Functions in which every block branches to every block around it.
fn branches() -> String {
    const DEPTH: usize = 1000;
    const TABLES: usize = 100;
    let targets = |blocks| (0..blocks).map(|depth| format!("{depth} ")).collect::<String>();
    let table = |ended| format!("local.get 0 br_table {} end ", targets(DEPTH - ended));
    let tables: String = (0..TABLES).map(table).collect();
    let nest = ["block ".repeat(DEPTH), tables, "end ".repeat(DEPTH - TABLES)].concat();
    module(&format!("(func (param i32) {nest})").repeat(10), "")
}

#[tokio::test]
async fn a_compiler_that_goes_on_is_not_waited_for_and_keeps_one_place() {
    let bench = Bench::with(EngineOptions { compile_time: Duration::from_millis(1), ..EngineOptions::default() });
    let hostile = Source::Made { wit: RUN, core: branches }.bytes();
    let error = bench.load(&hostile).await.err().expect("it takes longer");
    assert!(error.contains("longer than 1 ms, see sandbox.compile_ms"), "{error}");
    // It goes on, and nothing else is compiled meanwhile.
    assert!(bench.sandbox.compiling.try_acquire().is_err());
    let place = bench.sandbox.compiling.acquire().await.expect("it ends");
    drop(place);
    // What it made was kept.
    let surface = Surface::read(&hostile).expect("a binary");
    let engine = &bench.sandbox.runtime(surface.is_concurrent(&hostile)).engine;
    let kept = bench.cache.load(engine, &hostile).expect("it is a component");
    drop(kept);
}

#[test]
fn what_a_component_may_consist_of_is_measured_on_both_sides() {
    let component = Source::Made { wit: RUN, core: || module("(func (local i32 i64))(func)", "nop nop nop") }.bytes();
    let exactly = EngineOptions {
        max_component_bytes: component.len(),
        max_functions: 3,
        max_parts: 1,
        // No locals, three times nop, a constant, the end.
        max_function_bytes: 1 + 3 + 2 + 1,
        max_arity: 1,
        // Of six bytes with two locals, of two bytes, and of seven.
        max_compile_effort: 6 * 3 + 2 + 7,
        ..EngineOptions::default()
    };
    let measured =
        |options: EngineOptions| super::super::compile::measure(&component, &options).map_err(|why| why.to_string());
    assert_eq!(measured(exactly), Ok(()));
    for (less, setting) in [
        (EngineOptions { max_component_bytes: component.len() - 1, ..exactly }, "max_component_mib"),
        (EngineOptions { max_functions: 2, ..exactly }, "max_functions"),
        (EngineOptions { max_function_bytes: 6, ..exactly }, "max_function_kib"),
        (EngineOptions { max_arity: 0, ..exactly }, "max_arity"),
        (EngineOptions { max_compile_effort: 26, ..exactly }, "max_compile_effort"),
        (EngineOptions { max_parts: 0, ..exactly }, "max_parts"),
    ] {
        let error = measured(less).expect_err(setting);
        assert!(error.contains(setting), "{error}");
    }
}
