//! The `bulkhead` binary.

use std::process::ExitCode;

use clap::Parser;
use mcp_host::commands::Cli;

/// A quarter more calls per second than with the system's allocator, measured with small tools.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many tasks a thread runs before it looks for input and output again. A guest that computes keeps its thread for
/// 10 ms at a time, so that tokio's default of 61 would make everybody else wait for more than half a second.
const EVENT_INTERVAL: u32 = 8;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .global_queue_interval(EVENT_INTERVAL)
        .build();
    let done = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(cli.run()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the reason why a command failed is for whoever typed it")]
fn report(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Many messages name their cause, to be complete where they stand alone.
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    eprintln!("bulkhead: {text}");
}
