//! What the sandbox, the record of a call and the edge runtime cost: `cargo xtask bench`.
//!
//! Every server is a process of its own, and [`load`] is the one client of all of them. [`rounds`] puts load on one
//! after the other, again and again, so that whatever else the machine does hits all alike; what counts is therefore
//! the ratio of a subject to its baseline within a round, not its calls per second.
//!
//! [`subject`] is the list of what is measured, [`servers`] the servers that exist only to be measured, [`fleet`]
//! starts what the chosen subjects need, [`workload`] is the request and the check of its answer, [`in_process`]
//! measures without a network, [`hostile`] measures a tool beside others that misbehave, [`many`] a host with many
//! connectors, [`credentials`] signing in and the check of credentials, [`report`] prints. To measure something else, add it to [`subject::Subject`] and let [`fleet`] start its
//! server.
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its user on standard output")]

mod credentials;
mod fleet;
mod hostile;
mod in_process;
mod load;
mod many;
mod options;
mod postgres;
mod process;
mod report;
mod rounds;
mod servers;
mod subject;
mod workload;

use clap::Parser;

use crate::fleet::Fleet;
use crate::options::{Cli, Command, Options};
use crate::subject::Subject;

/// The same as the product's, so that natively called code allocates as cheaply as the sandbox's host.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let Cli { options, command } = Cli::parse();
    match command {
        Some(Command::Server(server)) => servers::serve(&server),
        None => bench(&options),
    }
}

fn bench(options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("bulkhead-bench-").tempdir()?;
    let cache = folder.path().join("cache");
    eprintln!("compiling the connectors, and measuring calls in this process");
    let connectors = folder.path().join("connectors");
    options.link_connectors(&connectors, Some(options::ECHO_GUEST))?;
    let in_process = in_process::measure(&connectors, &cache)?;
    let plain = in_process::measure_plain(&connectors, &options.guests, &cache)?;
    let subjects = options.subjects();
    eprintln!("starting the servers");
    let fleet = Fleet::start(&subjects, options, folder.path(), (&connectors, &cache))?;
    let measured = rounds::measure(&fleet, &subjects, options)?;
    drop(fleet);
    let hostile = options.apart(Subject::Hostile).then(|| hostile::measure(options, folder.path())).transpose()?;
    let many = options.apart(Subject::Many).then(|| many::measure(options, folder.path())).transpose()?;
    let credentials =
        options.apart(Subject::Credentials).then(|| credentials::measure(options, folder.path())).transpose()?;
    let report = report::Report::new(options, (in_process, plain), &measured, (hostile, many, credentials));
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}
