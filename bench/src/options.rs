//! The command line.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand, ValueEnum};

use crate::subject::Subject;

/// The test component that gives back what it is given.
pub(crate) const ECHO_GUEST: &str = "connector-echo";

#[derive(Parser)]
#[command(
    name = "bulkhead-bench",
    about = "Measures calls per second and latency.",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is measured, and for how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Connections that each make one call after the other.
    #[arg(long, default_value_t = 16)]
    pub(crate) connections: usize,
    /// How long each subject is measured in each round: seconds.
    #[arg(long, default_value = "3", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// How often each subject is measured.
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) rounds: usize,
    /// Measure only these and what they are compared with.
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) only: Vec<Subject>,
    /// Hostile calls that are made beside a tool that behaves.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) hostile_calls: usize,
    /// Connectors that are installed in one host.
    #[arg(long, default_value_t = 200)]
    pub(crate) many_connectors: usize,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// The binary that is measured.
    #[arg(long, env = "BULKHEAD_BIN", default_value = "target/release/bulkhead")]
    pub(crate) bulkhead: PathBuf,
    /// The folder of connectors.
    #[arg(long, env = "BULKHEAD_CONNECTORS_DIR", default_value = "dist/connectors")]
    pub(crate) connectors: PathBuf,
    /// The folder of test components.
    #[arg(long, env = "BULKHEAD_GUESTS_DIR", default_value = "dist/guests")]
    pub(crate) guests: PathBuf,
    /// The functions' manifest.
    #[arg(long, env = "BULKHEAD_MANIFEST", default_value = "spin.toml")]
    pub(crate) manifest: PathBuf,
    /// A PostgreSQL server on which a database may be created; without it PostgreSQL is not measured.
    #[arg(long, env = "BULKHEAD_TEST_POSTGRES_URL", hide_env_values = true)]
    pub(crate) postgres_url: Option<String>,
}

impl Options {
    /// What is measured, in order: each after what it is compared with.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let asked = |subject: Subject| {
            self.only.contains(&subject) || self.only.iter().any(|only| only.baseline() == Some(subject))
        };
        let possible = |subject: Subject| match subject {
            Subject::Postgres => self.postgres_url.is_some(),
            Subject::Hostile | Subject::Many | Subject::Credentials => false,
            _ => true,
        };
        let all = Subject::value_variants().iter().copied().filter(|subject| possible(*subject));
        all.filter(|subject| self.only.is_empty() || asked(*subject)).collect()
    }

    /// Makes a folder of the shipped connectors and a component of the tests.
    ///
    /// # Errors
    /// When one of them is not built, or the folder is there already.
    pub(crate) fn link_connectors(&self, folder: &Path, guest: Option<&str>) -> anyhow::Result<()> {
        std::fs::create_dir(folder)?;
        let link = |from: &Path| -> anyhow::Result<()> {
            let from = from.canonicalize().with_context(|| format!("{} is not built", from.display()))?;
            // The folder of a connector has the connector's name.
            let name = from.file_name().and_then(|name| name.to_str()).context("a folder has a name")?;
            Ok(symlink(&from, folder.join(name.trim_start_matches("connector-")))?)
        };
        for entry in self.connectors.read_dir()? {
            link(&entry?.path())?;
        }
        guest.map_or(Ok(()), |guest| link(&self.guests.join(guest)))
    }

    /// Whether a subject that is measured apart is to be.
    pub(crate) fn apart(&self, subject: Subject) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Become one of the servers that are measured.
    #[command(hide = true)]
    Server(Server),
}

/// Which server, and what it needs.
#[derive(clap::Args)]
pub(crate) struct Server {
    #[arg(value_enum)]
    pub(crate) kind: ServerKind,
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    #[arg(long)]
    pub(crate) connectors: PathBuf,
    #[arg(long)]
    pub(crate) cache: PathBuf,
    /// The SQLite file of the product that is measured in the same run.
    #[arg(long)]
    pub(crate) database: PathBuf,
}

/// The servers that exist only to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum ServerKind {
    /// An echo as a native function behind rmcp.
    NativeEcho,
    /// The tool as a native function behind rmcp.
    NativeTool,
    /// Both tools as the manuals of their libraries write them.
    Manual,
    /// Any tool in the sandbox behind rmcp, without a record.
    SandboxedTool,
    /// A function's route as native code.
    NativeRoute,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(arguments: &[&str]) -> Vec<Subject> {
        let cli = Cli::try_parse_from(["bench"].iter().chain(arguments)).expect("parses");
        cli.options.subjects()
    }

    #[test]
    fn a_subject_brings_what_it_is_compared_with() {
        assert_eq!(subjects(&["--only", "sandbox"]), [Subject::Native, Subject::Sandbox]);
        assert_eq!(subjects(&["--only", "edge,native"]), [Subject::Native, Subject::NativeRoute, Subject::Edge]);
    }

    #[test]
    fn hostile_calls_are_measured_apart() {
        assert!(subjects(&["--only", "hostile"]).is_empty());
        assert!(!subjects(&[]).contains(&Subject::Hostile));
    }

    #[test]
    fn without_a_round_nothing_is_measured() {
        assert!(Cli::try_parse_from(["bench", "--rounds", "0"]).is_err());
        assert_eq!(Cli::try_parse_from(["bench", "--rounds", "1"]).expect("parses").options.rounds, 1);
    }

    #[test]
    fn postgres_needs_a_server() {
        let with = subjects(&["--postgres-url", "postgres://localhost/x"]);
        assert!(with.contains(&Subject::Postgres));
        assert!(subjects(&["--only", "postgres", "--postgres-url", "postgres://x/y"]).contains(&Subject::Postgres));
    }
}
