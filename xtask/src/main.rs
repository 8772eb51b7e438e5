//! Build, run, check and measure Bulkhead: `cargo xtask <command>`.
//!
//! Each command is one module. [`build`] turns the workspace into `dist/` and the `bulkhead` binary, [`run`] starts
//! them, [`lint`] and [`tidy`] check the source, [`provision`] brings what tests need from outside, and [`test`] puts
//! all of it in a row. To add a command, add a variant to [`Command`] and a module with one public function; to add
//! a convention that matters, add a check to [`tidy`].
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its user on standard output")]
#![expect(clippy::disallowed_methods, reason = "a command-line tool reads its environment where it needs it")]

mod build;
mod cargo;
mod lint;
mod process;
mod progress;
mod provision;
mod run;
mod suite;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::progress::Steps;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, run, check and measure Bulkhead.", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run `bulkhead up`.
    Up {
        /// What to pass on to `bulkhead up`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build the components into `dist/`, and the `bulkhead` binary.
    Build {
        /// What to build; without any: functions, connectors and host.
        #[arg(value_enum)]
        parts: Vec<build::Part>,
    },
    /// Provision, lint, tidy, build, and run every test.
    Test {
        /// Run only the tests whose name contains this; lint and tidy are left out.
        filter: Option<String>,
        /// Install nothing: use what is there, and fail when something is missing.
        #[arg(long)]
        no_provision: bool,
    },
    /// Check formatting, clippy with warnings denied, and cargo-deny when it is installed.
    Lint,
    /// Check this project's own conventions.
    Tidy,
    /// Install what the tests need from outside, and say where it is.
    Provision,
    /// Measure calls per second and latency.
    Bench {
        /// Print one JSON document instead of a table.
        #[arg(long)]
        json: bool,
        /// What to pass on to the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let steps = Steps::start();
    match command {
        Command::Up { args } => run::up(&workspace, &steps, &args)?,
        Command::Build { parts } => build::build(&workspace, &steps, &parts)?,
        Command::Test { filter, no_provision } => {
            let mode = provision::Mode::from_flag(no_provision);
            return Ok(report(&test::test(&workspace, &steps, filter.as_deref(), mode)));
        }
        Command::Lint => return Ok(report(&[lint::lint(&workspace, &steps)?])),
        Command::Tidy => return Ok(report(&[tidy::tidy(&workspace, &steps)])),
        Command::Provision => {
            let tools = provision::provision(&workspace, &steps, provision::Mode::Install)?;
            tools.environment().iter().for_each(|(name, value)| println!("{name}={}", value.display()));
        }
        Command::Bench { json, args } => run::bench(&workspace, &steps, json, &args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn report(suites: &[suite::Suite]) -> ExitCode {
    println!("{}", suite::table(suites));
    suite::exit_code(suites)
}
