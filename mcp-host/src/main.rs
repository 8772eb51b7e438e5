//! The `bulkhead` binary.

use std::process::ExitCode;

use clap::Parser;
use mcp_host::commands::Cli;

/// A quarter more calls per second than with the system's allocator, measured with small tools.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the reason why a command failed is for whoever typed it")]
fn report(error: &anyhow::Error) {
    eprintln!("bulkhead: {error:#}");
}
