//! A plain component whose functions take and return every type of WIT. For tests and for the benchmark.
#![cfg(target_family = "wasm")]

mod calc;
mod versions;

/// What wit-bindgen generates.
mod bindings {
    wit_bindgen::generate!({ world: "types" });
}

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use bindings::exports::test::plain::{counters, echo};

/// How often the component was initialised.
static INITIALIZED: AtomicU32 = AtomicU32::new(0);

struct Component;

#[expect(unsafe_code, reason = "wit-bindgen's functions are called from outside")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}

impl bindings::Guest for Component {
    fn initialize() {
        INITIALIZED.fetch_add(1, Ordering::Relaxed);
    }

    fn is_initialized() -> bool {
        INITIALIZED.load(Ordering::Relaxed) == 1
    }

    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

impl echo::Guest for Component {
    fn integers(value: echo::Numbers) -> echo::Numbers {
        value
    }

    fn everything(value: echo::Whole) -> echo::Whole {
        value
    }

    fn drawings(all: Vec<Option<echo::Drawing>>) -> Vec<Option<echo::Drawing>> {
        all
    }

    fn float(value: f64, small: f32) -> (f64, f32) {
        (value, small)
    }
}

/// Counts.
struct Counter(Cell<u32>);

impl counters::GuestCounter for Counter {
    fn new() -> Self {
        Self(Cell::new(0))
    }

    fn next(&self) -> u32 {
        self.0.replace(self.0.get() + 1)
    }
}

impl counters::Guest for Component {
    type Counter = Counter;

    fn count_to(limit: u32) -> Vec<u32> {
        (0..limit).collect()
    }
}
