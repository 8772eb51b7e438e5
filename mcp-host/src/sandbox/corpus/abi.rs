//! Results and callbacks that break the canonical ABI.

use bulkhead_execution::JobErrorKind;

use super::component::{RANDOM, RUN, Source};
use super::{Attack, Contained};
use crate::sandbox::LimitName;

/// A `run` whose result is what is at this address; the data is at 16.
macro_rules! answers {
    ($data:literal, $address:literal) => {
        Source::Module {
            wit: RUN,
            core: concat!(
                r#"(module (memory (export "memory") 1) (data (i32.const 16) ""#,
                $data,
                r#"") (func (export "run") (result i32) i32.const "#,
                $address,
                "))"
            ),
        }
    };
}

/// A `run` that asks the host for random bytes, for which the host calls a `cabi_realloc` with this body.
macro_rules! reallocates {
    ($body:literal) => {
        Source::Module {
            wit: RANDOM,
            core: concat!(
                r#"(module (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
                    (memory (export "memory") 1)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) "#,
                $body,
                r#") (func (export "run") (result i32) (call $random (i64.const 16) (i32.const 32)) i32.const 16))"#
            ),
        }
    };
}

const fn traps(name: &'static str, component: Source) -> Attack {
    Attack { name, component, tool: "run", contained: Contained::Failed(JobErrorKind::Trap) }
}

pub(super) const ATTACKS: &[Attack] = &[
    // The string of two bytes at 24, which are no UTF-8.
    traps("string_of_invalid_utf8", answers!(r"\18\00\00\00\02\00\00\00\ff\fe", "16")),
    traps("string_out_of_bounds", answers!(r"\f0\ff\ff\ff\20\00\00\00", "16")),
    traps("string_longer_than_memory", answers!(r"\00\00\00\00\ff\ff\ff\ff", "16")),
    traps("result_out_of_bounds", answers!("", "65533")),
    traps("result_behind_memory", answers!("", "0x7ffffff0")),
    traps("result_unaligned", answers!("", "17")),
    traps(
        "trap",
        Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (func (export "run") (result i32) unreachable))"#,
        },
    ),
    traps(
        "trap_after_return",
        Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 16)
                (func (export "cabi_post_run") (param i32) unreachable))"#,
        },
    ),
    traps(
        "surrogate_as_char",
        Source::Module {
            wit: "package a:b; world w { export run: func() -> char; }",
            core: r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0xd800))"#,
        },
    ),
    traps(
        "variant_without_such_case",
        Source::Module {
            wit: "package a:b; world w { export run: func() -> option<u32>; }",
            core: r#"(module (memory (export "memory") 1) (data (i32.const 16) "\09")
                (func (export "run") (result i32) i32.const 16))"#,
        },
    ),
    Attack {
        name: "list_of_millions",
        component: Source::Module {
            wit: "package a:b; world w { export run: func() -> list<string>; }",
            // Four million empty strings in 32 MB of zeros.
            core: r#"(module (memory (export "memory") 600) (data (i32.const 16) "\00\00\01\00\00\09\3d\00")
                (func (export "run") (result i32) i32.const 16))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::ResultBytes),
    },
    traps("trap_in_realloc", reallocates!("unreachable")),
    traps("realloc_out_of_bounds", reallocates!("i32.const 0x7ffffff0")),
    // The host must not be called while it hands something over.
    traps("recursion_into_the_host", reallocates!("(call $random (i64.const 16) (i32.const 32)) i32.const 64")),
    Attack {
        name: "loop_in_realloc",
        component: reallocates!("(loop br 0) unreachable"),
        tool: "run",
        contained: Contained::Limit(LimitName::CpuMs),
    },
];
