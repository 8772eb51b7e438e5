//! Abuse of what the host offers.

use bulkhead_execution::JobErrorKind;

use super::component::{LOGS, OWNS, RANDOM, Source, WAITS};
use super::{Attack, Contained};
use crate::sandbox::LimitName;

/// Asks for so many random bytes.
macro_rules! random {
    ($bytes:literal) => {
        Source::Module {
            wit: RANDOM,
            core: concat!(
                r#"(module (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
                    (memory (export "memory") 40)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
                    (func (export "run") (result i32) (call $random (i64.const "#,
                $bytes,
                r#") (i32.const 32)) i32.const 16))"#
            ),
        }
    };
}

/// Logs one message of so many zeros.
macro_rules! logs {
    ($bytes:literal) => {
        Source::Module {
            wit: LOGS,
            core: concat!(
                r#"(module (import "bulkhead:connector/host@0.2.0" "log" (func $log (param i32 i32 i32)))
                    (memory (export "memory") 1000)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
                    (func (export "run") (result i32)
                        (call $log (i32.const 0) (i32.const 64) (i32.const "#,
                $bytes,
                r#")) i32.const 16))"#
            ),
        }
    };
}

/// Makes so many pollables and keeps them.
macro_rules! polls {
    ($times:literal) => {
        Source::Module {
            wit: WAITS,
            core: concat!(
                r#"(module
                    (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
                        (func $wait (param i64) (result i32)))
                    (memory (export "memory") 1)
                    (func (export "run") (result i32) (local $n i32)
                        (loop (drop (call $wait (i64.const 1000000000)))
                            (local.set $n (i32.add (local.get $n) (i32.const 1)))
                            (br_if 0 (i32.lt_u (local.get $n) (i32.const "#,
                $times,
                r#")))) i32.const 16))"#
            ),
        }
    };
}

/// Makes so many resources of its own and keeps them.
macro_rules! owns {
    ($times:literal) => {
        Source::Module {
            wit: OWNS,
            core: concat!(
                r#"(module
                    (import "[export]a:b/things" "[resource-new]thing" (func $new (param i32) (result i32)))
                    (memory (export "memory") 1)
                    (func (export "a:b/things#make") (result i32) (call $new (i32.const 0)))
                    (func (export "run") (result i32) (local $n i32)
                        (loop (drop (call $new (i32.const 0)))
                            (local.set $n (i32.add (local.get $n) (i32.const 1)))
                            (br_if 0 (i32.lt_u (local.get $n) (i32.const "#,
                $times,
                r#")))) i32.const 16))"#
            ),
        }
    };
}
pub(super) use {logs, owns, polls, random};

const fn exceeds(name: &'static str, component: Source, limit: LimitName) -> Attack {
    Attack { name, component, tool: "run", contained: Contained::Limit(limit) }
}

pub(super) const ATTACKS: &[Attack] = &[
    exceeds("random_bytes_without_measure", random!("1073741824"), LimitName::RandomBytes),
    exceeds("string_handed_over_too_long", logs!("62914560"), LimitName::HostcallBytes),
    exceeds("pollables_without_end", polls!("100000"), LimitName::Resources),
    exceeds("handles_without_end", owns!("100000000"), LimitName::Resources),
    exceeds(
        "flood_of_host_calls",
        Source::Module {
            wit: LOGS,
            core: r#"(module (import "bulkhead:connector/host@0.2.0" "log" (func $log (param i32 i32 i32)))
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
                (func (export "run") (result i32)
                    (loop (call $log (i32.const 0) (i32.const 64) (i32.const 1000)) (br 0)) unreachable))"#,
        },
        LimitName::CpuMs,
    ),
    exceeds(
        "wait_without_end",
        Source::Module {
            wit: WAITS,
            core: r#"(module
                (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $wait (param i64) (result i32)))
                (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
                (memory (export "memory") 1)
                (func (export "run") (result i32)
                    (call $block (call $wait (i64.const 0x7fffffffffffffff))) i32.const 16))"#,
        },
        LimitName::WallMs,
    ),
    exceeds(
        "flood_of_standard_error",
        Source::Module {
            wit: "package a:b;
                world w { import wasi:cli/stderr@0.2.0; import wasi:io/streams@0.2.0; export run: func() -> string; }
                package wasi:io@0.2.0 {
                    interface error { resource error; }
                    interface streams {
                        use error.{error};
                        variant stream-error { last-operation-failed(error), closed }
                        resource output-stream {
                            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
                        }
                    }
                }
                package wasi:cli@0.2.0 {
                    interface stderr {
                        use wasi:io/streams@0.2.0.{output-stream};
                        get-stderr: func() -> output-stream;
                    }
                }",
            core: r#"(module
                (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
                (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
                    (func $write (param i32 i32 i32 i32)))
                (memory (export "memory") 1)
                (func (export "run") (result i32) (local $stream i32)
                    (local.set $stream (call $stderr))
                    (loop
                        (call $write (local.get $stream) (i32.const 64) (i32.const 4096) (i32.const 32)) (br 0))
                    unreachable))"#,
        },
        LimitName::CpuMs,
    ),
    Attack {
        name: "exit",
        component: Source::Module {
            wit: "package a:b; world w { import wasi:cli/exit@0.2.0; export run: func() -> string; }
                package wasi:cli@0.2.0 { interface exit { exit: func(status: result); } }",
            core: r#"(module (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "run") (result i32) (call $exit (i32.const 0)) i32.const 16))"#,
        },
        tool: "run",
        contained: Contained::Failed(JobErrorKind::Trap),
    },
];
