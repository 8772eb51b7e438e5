//! Components from text.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../../wit/connector.wit");

/// A component that can be made.
#[derive(Clone, Copy)]
pub(in crate::sandbox) enum Source {
    /// Of the only world in this WIT, from the text of a core module.
    Module { wit: &'static str, core: &'static str },
    /// The same, where the text has to be put together.
    Made { wit: &'static str, core: fn() -> String },
    /// From the text of a component.
    Text(fn() -> String),
    /// These bytes.
    Bytes(fn() -> Vec<u8>),
}

impl Source {
    pub(in crate::sandbox) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Module { wit, core } => component(wit, core),
            Self::Made { wit, core } => component(wit, &core()),
            Self::Text(text) => parse(&text()),
            Self::Bytes(bytes) => bytes(),
        }
    }
}

fn parse(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn component(wit: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    // A test may have a package of the contract's name, to lie about it.
    if !wit.contains("package bulkhead:connector") {
        resolve.push_str("connector.wit", CONTRACT).expect("it is WIT");
    }
    let package = resolve.push_str("attack.wit", wit).unwrap_or_else(|error| panic!("{error:#}"));
    let world = resolve.select_world(&[package], None).expect("it has one world");
    let mut module = parse(core);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("embeds");
    let mut encoder = ComponentEncoder::default().module(&module).unwrap_or_else(|error| panic!("{error:#}"));
    encoder.encode().unwrap_or_else(|error| panic!("{error:#}"))
}

/// One function without a parameter, whose result is a string.
pub(super) const RUN: &str = "package a:b; world w { export run: func() -> string; }";

/// The same, which may ask for random bytes.
pub(super) const RANDOM: &str =
    "package a:b; world w { import wasi:random/random@0.2.0; export run: func() -> string; }
    package wasi:random@0.2.0 { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }";

/// The same, which may log.
pub(super) const LOGS: &str =
    "package a:b; world w { import bulkhead:connector/host@0.2.0; export run: func() -> string; }";

/// The same, which may wait.
pub(super) const WAITS: &str = "package a:b;
    world w { import wasi:clocks/monotonic-clock@0.2.0; import wasi:io/poll@0.2.0; export run: func() -> string; }
    package wasi:io@0.2.0 { interface poll { resource pollable { block: func(); } } }
    package wasi:clocks@0.2.0 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.0.{pollable};
            subscribe-duration: func(when: u64) -> pollable;
        }
    }";

/// The same, with a resource of its own.
pub(super) const OWNS: &str = "package a:b;
    interface things { resource thing; make: func() -> thing; }
    world w { export things; export run: func() -> string; }";

/// Answers an empty string.
pub(in crate::sandbox) const GOOD: Source = Source::Module {
    wit: RUN,
    core: r#"(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 16))"#,
};

/// Takes a text and does nothing with it; its memory grows by what it gets.
pub(super) const TAKES_TEXT: Source = Source::Module {
    wit: "package a:b; world w { export take: func(text: string); }",
    core: r#"(module
        (memory (export "memory") 40)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
        (func (export "take") (param i32 i32)))"#,
};

/// Fills its memory, or sums up what is in a memory that it grew as much.
pub(super) const LEFTOVERS: Source = Source::Module {
    wit: "package a:b; world w { export write: func(); export read: func() -> u32; }",
    core: r#"(module
        (memory (export "memory") 1)
        (func (export "write")
            (drop (memory.grow (i32.const 150)))
            (memory.fill (i32.const 0) (i32.const 170) (i32.const 9895936)))
        (func (export "read") (result i32) (local $at i32) (local $found i64)
            (drop (memory.grow (i32.const 150)))
            (loop $next
                (local.set $found (i64.or (local.get $found) (i64.load (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const 9895936))))
            (i64.ne (local.get $found) (i64.const 0))))"#,
};
