//! Streams, futures and subtasks of the component model, abused.

use bulkhead_execution::JobErrorKind;
use serde_json::json;

use super::component::Source;
use super::{Attack, Contained};
use crate::sandbox::LimitName;

/// A component whose `run` answers a number without waiting, and has this body; `$s` is a local. It may make and drop
/// streams and futures, and read and write streams.
fn direct(body: &str) -> String {
    component(
        "(type $stream (stream u8)) (type $future (future u8))",
        &[
            ("new", "(canon stream.new $stream)", "(result i64)"),
            ("drop-readable", "(canon stream.drop-readable $stream)", "(param i32)"),
            ("drop-writable", "(canon stream.drop-writable $stream)", "(param i32)"),
            ("read", "(canon stream.read $stream async (memory $m))", "(param i32 i32 i32) (result i32)"),
            ("write", "(canon stream.write $stream async (memory $m))", "(param i32 i32 i32) (result i32)"),
            ("new-set", "(canon waitable-set.new)", "(result i32)"),
            ("join", "(canon waitable.join)", "(param i32 i32)"),
            ("poll", "(canon waitable-set.poll (memory $m))", "(param i32 i32) (result i32)"),
            ("new-future", "(canon future.new $future)", "(result i64)"),
            ("drop-future", "(canon future.drop-writable $future)", "(param i32)"),
        ],
        &format!(
            r#"(func $readable (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
            (func $writable (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
            (func (export "run") (result i32) (local $s i64) (local $n i32) {body})"#
        ),
        r#"(func (export "run") (result u32) (canon lift (core func $i "run")))"#,
    )
}

/// A component whose `run` is asynchronous and starts with this; what it answers says what it waits for. Each time it is
/// called back it answers the other.
fn later(start: &str, again: &str) -> String {
    component(
        "",
        &[
            ("answer", "(canon task.return (result u32))", "(param i32)"),
            ("new-set", "(canon waitable-set.new)", "(result i32)"),
            ("join", "(canon waitable.join)", "(param i32 i32)"),
            ("wait", r#"(canon lower (func $clock "wait-for") async (memory $m))"#, "(param i64) (result i32)"),
            ("block", r#"(canon lower (func $clock "wait-for"))"#, "(param i64)"),
            ("cancel", "(canon subtask.cancel)", "(param i32) (result i32)"),
            ("drop", "(canon subtask.drop)", "(param i32)"),
        ],
        &format!(
            r#"(global $ever i64 (i64.const 0x7fffffffffffff))
            (func $begin (result i32) (i32.shr_u (call $wait (global.get $ever)) (i32.const 4)))
            (func (export "run") (result i32) (local $n i32) {start})
            (func (export "again") (param i32 i32 i32) (result i32) {again})"#
        ),
        r#"(func (export "run") async (result u32)
            (canon lift (core func $i "run") async (callback (core func $i "again"))))"#,
    )
}

/// What both have in common: a memory, functions of the component model, a module that imports all of them, a clock.
fn component(types: &str, functions: &[(&str, &str, &str)], core: &str, export: &str) -> String {
    let each = |text: fn(&(&str, &str, &str)) -> String| functions.iter().map(text).collect::<String>();
    let made = each(|(name, made, _)| format!("(core func ${name} {made}) "));
    let imported = each(|(name, _, ty)| format!(r#"(import "" "{name}" (func ${name} {ty})) "#));
    let given = each(|(name, ..)| format!(r#"(export "{name}" (func ${name})) "#));
    format!(
        r#"(component {CLOCK}
            (core module $memory (memory (export "m") 2))
            (core instance $given (instantiate $memory))
            (alias core export $given "m" (core memory $m))
            {types} {made}
            (core module $main (import "" "m" (memory 2)) {imported} {core})
            (core instance $i (instantiate $main (with "" (instance (export "m" (memory $m)) {given}))))
            {export})"#
    )
}

const CLOCK: &str = r#"(import "wasi:clocks/monotonic-clock@0.3.0"
    (instance $clock (export "wait-for" (func async (param "how-long" u64)))))"#;

/// A component composed of so many that each wait 50 ms in a call, and of one that calls all of them at once.
pub(super) fn composed(waiting: usize) -> String {
    let each = |text: fn(usize) -> String| (0..waiting).map(text).collect::<String>();
    let parts = each(|n| format!(r#"(instance $p{n} (instantiate $part (with "clock" (instance $clock)))) "#));
    let taken = each(|n| format!(r#"(import "p{n}" (instance $p{n} (export "f" (func async (result u32))))) "#));
    let lowered = each(|n| format!(r#"(core func $f{n} (canon lower (func $p{n} "f") async (memory $m))) "#));
    let imported = each(|n| format!(r#"(import "" "f{n}" (func $f{n} (param i32) (result i32))) "#));
    let given = each(|n| format!(r#"(export "f{n}" (func $f{n})) "#));
    let called = each(|n| {
        let at = 64 + 16 * n;
        format!("(call $join (i32.shr_u (call $f{n} (i32.const {at})) (i32.const 4)) (global.get $set)) ")
    });
    let arguments = each(|n| format!(r#"(with "p{n}" (instance $p{n})) "#));
    format!(
        r#"(component {CLOCK}
            (component $part
                (import "clock" (instance $clock (export "wait-for" (func async (param "how-long" u64)))))
                (core func $wait (canon lower (func $clock "wait-for")))
                (core module $m (import "" "wait" (func $wait (param i64)))
                    (func (export "f") (result i32) (call $wait (i64.const 50000000)) (i32.const 7)))
                (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wait))))))
                (func (export "f") async (result u32) (canon lift (core func $i "f"))))
            {parts}
            (component $main {taken}
                (core module $memory (memory (export "m") 2))
                (core instance $given (instantiate $memory))
                (alias core export $given "m" (core memory $m))
                (core func $new-set (canon waitable-set.new))
                (core func $join (canon waitable.join))
                (core func $drop (canon subtask.drop))
                (core func $answer (canon task.return (result u32)))
                {lowered}
                (core module $main
                    (import "" "m" (memory 2))
                    (import "" "new-set" (func $new-set (result i32)))
                    (import "" "join" (func $join (param i32 i32)))
                    (import "" "drop" (func $drop (param i32)))
                    (import "" "answer" (func $answer (param i32)))
                    {imported}
                    (global $set (mut i32) (i32.const 0))
                    (global $ended (mut i32) (i32.const 0))
                    (func $wait (result i32) (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
                    (func (export "run") (result i32) (global.set $set (call $new-set)) {called} (call $wait))
                    ;; A subtask (1) has returned (2).
                    (func (export "again") (param i32 i32 i32) (result i32)
                        (if (i32.and (i32.eq (local.get 0) (i32.const 1)) (i32.eq (local.get 2) (i32.const 2)))
                            (then
                                (call $drop (local.get 1))
                                (global.set $ended (i32.add (global.get $ended) (i32.const 1)))))
                        (if (i32.eq (global.get $ended) (i32.const {waiting}))
                            (then (call $answer (global.get $ended)) (return (i32.const 0))))
                        (call $wait)))
                (core instance $i (instantiate $main (with "" (instance
                    (export "m" (memory $m)) (export "new-set" (func $new-set)) (export "join" (func $join))
                    (export "drop" (func $drop)) (export "answer" (func $answer)) {given}))))
                (func (export "run") async (result u32)
                    (canon lift (core func $i "run") async (callback (core func $i "again")))))
            (instance $top (instantiate $main {arguments}))
            (export "run" (func $top "run")))"#
    )
}

/// Nothing happens any more.
const UNREACHABLE: &str = "unreachable";
/// Answers 1, and is done.
const ANSWERS: &str = "(call $answer (i32.const 1)) i32.const 0";

const fn exceeds(name: &'static str, text: fn() -> String, limit: LimitName) -> Attack {
    Attack { name, component: Source::Text(text), tool: "run", contained: Contained::Limit(limit) }
}

const fn traps(name: &'static str, text: fn() -> String) -> Attack {
    Attack { name, component: Source::Text(text), tool: "run", contained: Contained::Failed(JobErrorKind::Trap) }
}

const fn harms_nobody(name: &'static str, text: fn() -> String) -> Attack {
    Attack { name, component: Source::Text(text), tool: "run", contained: Contained::Harmless(|| json!(1)) }
}

pub(super) const ATTACKS: &[Attack] = &[
    exceeds("streams_without_end", || direct("(loop (drop (call $new)) (br 0)) unreachable"), LimitName::Resources),
    exceeds(
        "futures_without_end",
        || direct("(loop (drop (call $new-future)) (br 0)) unreachable"),
        LimitName::Resources,
    ),
    exceeds(
        "streams_made_and_dropped",
        || {
            direct(
                "(loop (local.set $s (call $new))
                    (call $drop-readable (call $readable (local.get $s)))
                    (call $drop-writable (call $writable (local.get $s))) (br 0)) unreachable",
            )
        },
        LimitName::CpuMs,
    ),
    exceeds(
        "flood_of_a_stream",
        || {
            direct(
                "(local.set $s (call $new)) (local.set $n (call $new-set))
                (call $join (call $readable (local.get $s)) (local.get $n))
                (loop
                    (drop (call $read (call $readable (local.get $s)) (i32.const 0) (i32.const 65536)))
                    (drop (call $write (call $writable (local.get $s)) (i32.const 65536) (i32.const 65536)))
                    (drop (call $poll (local.get $n) (i32.const 0))) (br 0)) unreachable",
            )
        },
        LimitName::CpuMs,
    ),
    harms_nobody("stream_left_open", || direct("(drop (call $new)) i32.const 1")),
    harms_nobody("stream_read_when_nobody_writes", || {
        direct(
            "(local.set $s (call $new))
            (drop (call $read (call $readable (local.get $s)) (i32.const 0) (i32.const 10))) i32.const 1",
        )
    }),
    traps("stream_read_twice_at_once", || {
        direct(
            "(local.set $s (call $new))
            (drop (call $read (call $readable (local.get $s)) (i32.const 0) (i32.const 10)))
            (drop (call $read (call $readable (local.get $s)) (i32.const 0) (i32.const 10))) i32.const 1",
        )
    }),
    traps("stream_read_out_of_bounds", || {
        direct(
            "(local.set $s (call $new))
            (drop (call $read (call $readable (local.get $s)) (i32.const 131000) (i32.const 1000))) i32.const 1",
        )
    }),
    traps("stream_dropped_at_the_wrong_end", || {
        direct("(local.set $s (call $new)) (call $drop-writable (call $readable (local.get $s))) i32.const 1")
    }),
    traps("stream_dropped_twice", || {
        direct(
            "(local.set $s (call $new)) (call $drop-readable (call $readable (local.get $s)))
            (call $drop-readable (call $readable (local.get $s))) i32.const 1",
        )
    }),
    traps("future_dropped_unwritten", || {
        direct("(local.set $s (call $new-future)) (call $drop-future (call $writable (local.get $s))) i32.const 1")
    }),
    exceeds(
        "waitable_sets_without_end",
        || later("(loop (drop (call $new-set)) (br 0)) unreachable", UNREACHABLE),
        LimitName::Resources,
    ),
    exceeds(
        "subtasks_without_end",
        || later("(loop (drop (call $begin)) (br 0)) unreachable", UNREACHABLE),
        LimitName::Resources,
    ),
    exceeds(
        "subtasks_begun_and_canceled",
        || {
            later(
                "(loop (local.set $n (call $begin)) (drop (call $cancel (local.get $n))) (call $drop (local.get $n)) (br 0))
                unreachable",
                UNREACHABLE,
            )
        },
        LimitName::CpuMs,
    ),
    exceeds(
        "subtask_that_never_ends",
        || {
            later(
                "(local.set $n (call $new-set)) (call $join (call $begin) (local.get $n))
                (i32.or (i32.const 2) (i32.shl (local.get $n) (i32.const 4)))",
                UNREACHABLE,
            )
        },
        LimitName::WallMs,
    ),
    harms_nobody("subtask_left_running", || later(&format!("(drop (call $begin)) {ANSWERS}"), UNREACHABLE)),
    traps("subtask_dropped_while_it_runs", || later(&format!("(call $drop (call $begin)) {ANSWERS}"), UNREACHABLE)),
    exceeds(
        "call_that_blocks_for_ever",
        || later("(call $block (global.get $ever)) unreachable", UNREACHABLE),
        LimitName::WallMs,
    ),
    exceeds("yields_without_end", || later("i32.const 1", "i32.const 1"), LimitName::CpuMs),
    harms_nobody("yields_after_it_answered", || later("(call $answer (i32.const 1)) i32.const 1", "i32.const 1")),
    traps("waits_for_nothing", || later("(i32.or (i32.const 2) (i32.shl (call $new-set) (i32.const 4)))", UNREACHABLE)),
    traps("never_answers", || later("i32.const 0", UNREACHABLE)),
    traps("answers_twice", || later(&format!("(call $answer (i32.const 1)) {ANSWERS}"), UNREACHABLE)),
    Attack {
        name: "composed_of_many",
        component: Source::Text(|| composed(8)),
        tool: "run",
        contained: Contained::Refused("sandbox.max_parts"),
    },
];

/// More streams than there may be handles are refused, and some are not: each takes four.
pub(super) fn streams(count: usize) -> String {
    direct(&format!(
        "(loop (drop (call $new)) (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $n) (i32.const {count})))) i32.const 1"
    ))
}
