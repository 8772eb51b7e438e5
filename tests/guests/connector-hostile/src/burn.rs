//! Tools that use up what a call is limited in, or that break.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bulkhead_connector_kit::{Annotations, Level, Tool, ToolError, log};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Nothing, Survived};

/// Computes without end.
pub struct SpinForever;

impl Tool for SpinForever {
    const NAME: &'static str = "spin_forever";
    const TITLE: &'static str = "Spin for ever";
    const DESCRIPTION: &'static str = "Computes without end. The limit on CPU time has to end it.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Survived;

    fn call(_: Nothing) -> Result<Survived, ToolError> {
        let mut turns: u64 = 0;
        // A condition that the compiler cannot see through: a loop without one is an endless loop it may rewrite.
        while black_box(true) {
            turns = black_box(turns.wrapping_add(1));
        }
        Ok(Survived::after(format!("{turns} turns")))
    }
}

/// Allocates without end, and writes to what it gets.
pub struct AllocateWithoutEnd;

impl Tool for AllocateWithoutEnd {
    const NAME: &'static str = "allocate_without_end";
    const TITLE: &'static str = "Allocate without end";
    const DESCRIPTION: &'static str = "Allocates memory without end. The limit on memory has to end it.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Survived;

    fn call(_: Nothing) -> Result<Survived, ToolError> {
        const BLOCK: usize = 1024 * 1024;
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        while black_box(true) {
            blocks.push(black_box(vec![1; BLOCK]));
        }
        Ok(Survived::after(format!("{} blocks", blocks.len())))
    }
}

/// Traps.
pub struct Trap;

impl Tool for Trap {
    const NAME: &'static str = "trap";
    const TITLE: &'static str = "Trap";
    const DESCRIPTION: &'static str = "Executes an unreachable instruction.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Survived;

    fn call(_: Nothing) -> Result<Survived, ToolError> {
        // In a component this is the instruction `unreachable` itself.
        std::process::abort()
    }
}

/// Recurses without end.
pub struct StackOverflow;

impl Tool for StackOverflow {
    const NAME: &'static str = "stack_overflow";
    const TITLE: &'static str = "Overflow the stack";
    const DESCRIPTION: &'static str = "Recurses without end.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Survived;

    fn call(_: Nothing) -> Result<Survived, ToolError> {
        Ok(Survived::after(format!("{} levels", deeper(0))))
    }
}

/// Ends when the depth wraps around, which no stack lives to see.
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if frame[0] == u64::MAX { depth } else { black_box(deeper(black_box(depth + 1))) + frame[15] }
}

/// How long to sleep.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SleepInput {
    /// Milliseconds.
    ms: u64,
}

/// How long it slept.
#[derive(Serialize, JsonSchema)]
pub struct Slept {
    /// Milliseconds, by the component's own clock.
    slept_ms: u64,
}

/// Waits without computing.
pub struct Sleep;

impl Tool for Sleep {
    const NAME: &'static str = "sleep";
    const TITLE: &'static str = "Sleep";
    const DESCRIPTION: &'static str = "Blocks on a clock. It costs no CPU time, so the limit on wall-clock time has \
        to end it when it is long.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = SleepInput;
    type Output = Slept;

    fn call(input: SleepInput) -> Result<Slept, ToolError> {
        log(Level::Info, "asleep");
        let start = Instant::now();
        std::thread::sleep(Duration::from_millis(input.ms));
        Ok(Slept { slept_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX) })
    }
}

/// Waits like [`Sleep`], but says that it changes something.
pub struct ChangeSlowly;

impl Tool for ChangeSlowly {
    const NAME: &'static str = "change_slowly";
    const TITLE: &'static str = "Change slowly";
    const DESCRIPTION: &'static str = "Blocks on a clock like sleep, but says that it changes something. A call that \
        was cut off must not be made again.";
    const ANNOTATIONS: Annotations = Annotations::ADDS;
    type Input = SleepInput;
    type Output = Slept;

    fn call(input: SleepInput) -> Result<Slept, ToolError> {
        Sleep::call(input)
    }
}
