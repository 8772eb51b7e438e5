//! Computing, recursing and growing without end.

use super::component::{RUN, Source};
use super::{Attack, Contained};
use crate::sandbox::LimitName;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "loop_without_end",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (func (export "run") (result i32) (loop br 0) unreachable))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::CpuMs),
    },
    Attack {
        name: "loop_in_start_function",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (func $s (loop br 0)) (start $s)
                (func (export "run") (result i32) i32.const 0))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::CpuMs),
    },
    Attack {
        name: "recursion_without_end",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1)
                (func $deeper (param i32) (result i32)
                    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (local.get 0)))
                (func (export "run") (result i32) (call $deeper (i32.const 0))))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::Stack),
    },
    Attack {
        name: "memory_without_end",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1)
                (func (export "run") (result i32) (loop (drop (memory.grow (i32.const 1))) (br 0)) unreachable))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::MemoryBytes),
    },
    Attack {
        name: "memory_all_at_once",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1)
                (func (export "run") (result i32) (memory.grow (i32.const 65000))))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::MemoryBytes),
    },
    Attack {
        name: "memory_too_large_at_start",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 2000) (func (export "run") (result i32) i32.const 0))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::MemoryBytes),
    },
    Attack {
        name: "memory_larger_than_the_pool",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 60000) (func (export "run") (result i32) i32.const 0))"#,
        },
        tool: "run",
        contained: Contained::Refused("memory"),
    },
    Attack {
        name: "memories_touched_in_turn",
        component: Source::Text(|| in_turn(300)),
        tool: "run",
        contained: Contained::Limit(LimitName::MemoryBytes),
    },
    Attack {
        name: "table_without_end",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (table $t 1 funcref)
                (func (export "run") (result i32)
                    (loop (drop (table.grow $t (ref.null func) (i32.const 1000))) (br 0)) unreachable))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::TableElements),
    },
    Attack {
        name: "tables_too_large_together",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (table 30000 funcref) (table 30000 funcref)
                (func (export "run") (result i32) i32.const 0))"#,
        },
        tool: "run",
        contained: Contained::Limit(LimitName::TableElements),
    },
    Attack {
        name: "table_larger_than_the_pool",
        component: Source::Module {
            wit: RUN,
            core: r#"(module (memory (export "memory") 1) (table 200000 funcref)
                (func (export "run") (result i32) i32.const 0))"#,
        },
        tool: "run",
        contained: Contained::Refused("table"),
    },
    Attack {
        name: "instances_of_many_modules",
        component: Source::Text(|| many(65, "")),
        tool: "run",
        contained: Contained::Refused("65 core module instances"),
    },
    Attack {
        name: "many_memories",
        component: Source::Text(|| many(5, "(memory 1)")),
        tool: "run",
        contained: Contained::Refused("5 Wasm linear memories"),
    },
    Attack {
        name: "many_tables",
        component: Source::Text(|| many(17, "(table 1 funcref)")),
        tool: "run",
        contained: Contained::Refused("17 tables"),
    },
];

/// A component of four instances with a memory each, which it grows by so many pages and fills, one after another.
pub(super) fn in_turn(pages: usize) -> String {
    let bytes = pages * 65_536;
    let each = |text: fn(usize) -> String| (0..4).map(text).collect::<String>();
    let instances = each(|n| format!("(core instance $i{n} (instantiate $m)) "));
    let imported = each(|n| format!("(import \"{n}\" \"fill\" (func $fill{n})) "));
    let filled = each(|n| format!("(call $fill{n}) "));
    let given = each(|n| format!("(with \"{n}\" (instance $i{n})) "));
    format!(
        r#"(component
            (core module $m (memory 0)
                (func (export "fill")
                    (drop (memory.grow (i32.const {pages})))
                    (memory.fill (i32.const 0) (i32.const 170) (i32.const {bytes}))))
            {instances}
            (core module $main {imported} (func (export "run") (result i32) {filled} i32.const 1))
            (core instance $main (instantiate $main {given}))
            (func (export "run") (result u32) (canon lift (core func $main "run"))))"#
    )
}

/// A component of so many instances of a module with this in it.
pub(super) fn many(instances: usize, definition: &str) -> String {
    let instances: String = (0..instances).map(|n| format!("(core instance $i{n} (instantiate $m))\n")).collect();
    format!(
        r#"(component
            (core module $m {definition} (func (export "run") (result i32) i32.const 1))
            {instances}
            (func (export "run") (result u32) (canon lift (core func $i0 "run"))))"#
    )
}
