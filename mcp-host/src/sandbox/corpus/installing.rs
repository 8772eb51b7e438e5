//! Attacks on whoever installs a component, and components that are not what they say.

use bulkhead_execution::JobErrorKind;

use super::component::{GOOD, Source};
use super::{Attack, Contained};

const CONTRACT: &str = "package a:b; world w { include bulkhead:connector/tool-connector@0.2.0; }";
const DESCRIBE: &str = "bulkhead:connector/tools@0.2.0#describe";
const CALL: &str = "bulkhead:connector/tools@0.2.0#call";
const INITIALIZES: &str = "package a:b; world w { export initialize: func(); export run: func() -> string; }";

/// A connector whose `describe` has this body, with this data at 64; its memory has so many pages.
fn connector(pages: u32, describe: &str, data: &[u8], call: &str) -> String {
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module (memory (export "memory") {pages}) (data (i32.const 64) "{data}")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 32768)
            (func (export "{DESCRIBE}") (result i32) {describe})
            (func (export "{CALL}") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {call}))"#
    )
}

/// A connector that describes tools of these names and input schemas.
fn describing(tools: &[(&str, &str)], call: &str) -> String {
    let word = |number: usize| u32::try_from(number).expect("is small").to_le_bytes();
    let (mut texts, mut records) = (Vec::new(), Vec::new());
    let first_text = 64 + 8 + tools.len() * 48;
    for (name, schema) in tools {
        for text in [name, "", "", schema] {
            records.extend(word(first_text + texts.len()));
            records.extend(word(text.len()));
            texts.extend(text.bytes());
        }
        // No output schema, and four hints.
        records.extend([0; 16]);
    }
    let data: Vec<u8> = [word(72).as_slice(), &word(tools.len()), &records, &texts].concat();
    connector(1, "i32.const 64", &data, call)
}

const fn refused(name: &'static str, component: Source, why: &'static str) -> Attack {
    Attack { name, component, tool: "run", contained: Contained::Refused(why) }
}

/// A connector of the contract.
const fn made(core: fn() -> String) -> Source {
    Source::Made { wit: CONTRACT, core }
}

pub(super) const ATTACKS: &[Attack] = &[
    refused("no_component", Source::Bytes(|| b"\x7fELF".to_vec()), "not a WebAssembly component"),
    refused("core_module", Source::Bytes(|| b"\0asm\x01\0\0\0".to_vec()), "not a WebAssembly component"),
    refused(
        "truncated_component",
        Source::Bytes(|| {
            let mut bytes = GOOD.bytes();
            bytes.truncate(bytes.len() / 2);
            bytes
        }),
        "",
    ),
    refused(
        "import_of_the_unknown",
        Source::Module {
            wit: "package a:b; world w { import evil:host/files@1.0.0; export run: func() -> string; }
                package evil:host@1.0.0 { interface files { read: func(path: u32) -> u32; } }",
            core: r#"(module (import "evil:host/files@1.0.0" "read" (func (param i32) (result i32)))
                (memory (export "memory") 1) (func (export "run") (result i32) i32.const 16))"#,
        },
        "evil:host/files",
    ),
    refused(
        "contract_of_other_types",
        Source::Module {
            wit: "package bulkhead:connector@0.2.0;
                interface tools { describe: func() -> string; call: func(); } world w { export tools; }",
            core: r#"(module (memory (export "memory") 1)
                (func (export "bulkhead:connector/tools@0.2.0#describe") (result i32) i32.const 16)
                (func (export "bulkhead:connector/tools@0.2.0#call")))"#,
        },
        "type",
    ),
    refused("exports_ten_thousand", Source::Text(ten_thousand), "10000 tools; 1000 are allowed"),
    refused(
        "describe_loops",
        made(|| connector(1, "(loop br 0) unreachable", b"", "unreachable")),
        "exceeded its limit",
    ),
    refused("describe_traps", made(|| connector(1, "unreachable", b"", "unreachable")), "unreachable"),
    refused(
        "describe_a_million_tools",
        made(|| connector(800, "i32.const 64", b"\x00\x01\x00\x00\x40\x42\x0f\x00", "unreachable")),
        "fuel allocated for hostcalls",
    ),
    refused("describe_a_path_as_name", made(|| describing(&[("../../etc", "{}")], "unreachable")), "../../etc"),
    refused(
        "describe_a_name_twice",
        made(|| describing(&[("a", "{}"), ("a", "{}")], "unreachable")),
        "described twice",
    ),
    refused("describe_no_schema", made(|| describing(&[("a", "[[[[")], "unreachable")), "schema"),
    refused(
        "describe_a_schema_without_end",
        made(|| {
            // One tool at 256, all of whose texts are empty but the schema: 32 MB of zeros.
            let mut data = vec![0; 256 + 48 - 64];
            data[..8].copy_from_slice(b"\x00\x01\x00\x00\x01\x00\x00\x00");
            data[192 + 24..192 + 32].copy_from_slice(b"\x00\x10\x00\x00\x00\x00\x00\x02");
            connector(800, "i32.const 64", &data, "unreachable")
        }),
        "fuel allocated for hostcalls",
    ),
    refused(
        "describe_waits_for_ever",
        Source::Made {
            wit: "package a:b;
                world w {
                    include bulkhead:connector/tool-connector@0.2.0;
                    import wasi:clocks/monotonic-clock@0.2.0;
                    import wasi:io/poll@0.2.0;
                }
                package wasi:io@0.2.0 { interface poll { resource pollable { block: func(); } } }
                package wasi:clocks@0.2.0 {
                    interface monotonic-clock {
                        use wasi:io/poll@0.2.0.{pollable};
                        subscribe-duration: func(when: u64) -> pollable;
                    }
                }",
            core: || {
                let describe = "(call $block (call $wait (i64.const 0x7fffffffffffffff))) unreachable";
                let imports = r#"(module
                    (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
                        (func $wait (param i64) (result i32)))
                    (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))"#;
                connector(1, describe, b"", "unreachable").replacen("(module", imports, 1)
            },
        },
        "WallMs",
    ),
    refused(
        "initialize_loops",
        Source::Module {
            wit: INITIALIZES,
            core: r#"(module (memory (export "memory") 1) (func (export "initialize") (loop br 0))
                (func (export "run") (result i32) i32.const 16))"#,
        },
        "exceeded its limit",
    ),
    refused(
        "initialize_grows_without_end",
        Source::Module {
            wit: INITIALIZES,
            core: r#"(module (memory (export "memory") 1)
                (func (export "initialize") (loop (drop (memory.grow (i32.const 1))) (br 0)))
                (func (export "run") (result i32) i32.const 16))"#,
        },
        "initialize",
    ),
    refused(
        "initialize_traps",
        Source::Module {
            wit: INITIALIZES,
            core: r#"(module (memory (export "memory") 1) (func (export "initialize") unreachable)
                (func (export "run") (result i32) i32.const 16))"#,
        },
        "initialize",
    ),
    Attack {
        name: "result_of_deep_json",
        component: made(|| {
            // The outcome `done` without content, with a structured result of 100,000 brackets.
            let call = "(memory.fill (i32.const 40000) (i32.const 91) (i32.const 100000))
                (i32.store offset=16 (i32.const 32000) (i32.const 1))
                (i32.store offset=20 (i32.const 32000) (i32.const 40000))
                (i32.store offset=24 (i32.const 32000) (i32.const 100000))
                i32.const 32000";
            describing(&[("run", "{}")], call).replace("\"memory\") 1)", "\"memory\") 4)")
        }),
        tool: "run",
        contained: Contained::Failed(JobErrorKind::InvalidOutput),
    },
];

/// Ten thousand functions of one instance.
fn ten_thousand() -> String {
    let exports: String = (0..10_000).map(|n| format!("(export \"f{n}\" (func $f))\n")).collect();
    format!(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            {exports})"#
    )
}
