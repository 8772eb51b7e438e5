//! The other side of the limits: as much as they allow.

use serde_json::{Value, json};

use super::compiling::module;
use super::component::{LOGS, OWNS, RANDOM, RUN, Source, WAITS};
use super::growth::{in_turn, many};
use super::host::{logs, owns, polls, random};
use super::{Attack, Contained, concurrent};

fn nothing() -> Value {
    json!("")
}

const fn works(name: &'static str, component: Source) -> Attack {
    Attack { name, component, tool: "run", contained: Contained::Harmless(nothing) }
}

pub(super) const HARMLESS: &[Attack] = &[
    works("a function of almost a MiB", Source::Made { wit: RUN, core: || module("", &"nop ".repeat(1_048_000)) }),
    works("a MiB of random bytes", random!("1048576")),
    works("a message of almost 8 MiB", logs!("8388000")),
    // Each of them and what it waits for.
    works("almost 500 pollables", polls!("490")),
    works("almost 1000 handles", owns!("990")),
    works(
        "tables of 50000 elements together",
        Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (table $t 20000 funcref) (table 10000 funcref)
                (func (export "run") (result i32) (drop (table.grow $t (ref.null func) (i32.const 20000)))
                    i32.const 16))"#,
        },
    ),
    works(
        "a memory of 64 MiB",
        Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1000)
                (func (export "run") (result i32) (drop (memory.grow (i32.const 24))) i32.const 16))"#,
        },
    ),
    Attack {
        contained: Contained::Harmless(|| json!(1)),
        ..works("four memories of 16 MiB, filled in turn", Source::Text(|| in_turn(256)))
    },
    Attack {
        contained: Contained::Harmless(|| json!(1)),
        ..works("almost 250 streams", Source::Text(|| concurrent::streams(245)))
    },
    Attack {
        contained: Contained::Harmless(|| json!(7)),
        ..works("8 parts, 7 of which wait", Source::Text(|| concurrent::composed(7)))
    },
    Attack { contained: Contained::Harmless(|| json!(1)), ..works("64 instances", Source::Text(|| many(64, ""))) },
    Attack {
        contained: Contained::Harmless(|| json!(1)),
        ..works("4 memories", Source::Text(|| many(4, "(memory 1)")))
    },
    Attack {
        contained: Contained::Harmless(|| json!(1)),
        ..works("16 tables", Source::Text(|| many(16, "(table 1 funcref)")))
    },
];
