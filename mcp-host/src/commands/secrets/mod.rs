//! `bulkhead secrets`: what connectors are given outside of the sandbox, and the keys to it.
//!
//! The result is on standard output, as a table or with `--json`; what is said beside it is on standard error.

mod generate_key;
mod input;
mod list;
mod remove;
mod rotate_key;
mod set;

use std::io::Write as _;

use anyhow::Context as _;
use bulkhead_audit::Actor;
use bulkhead_connectors::Slug;
use bulkhead_identity::Organization;
use bulkhead_kernel::{CorrelationId, Ports};
use bulkhead_native_adapters::{Database, Options, SqliteOptions};
use bulkhead_vault::{Author, FieldName, Scope};

use super::assemble::open_database_with;
use crate::config::Config;
use crate::data_dir::DataDir;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Stores a secret: `printf %s "$TOKEN" | bulkhead secrets set github token`.
    Set(set::Arguments),
    /// Shows which secrets there are, never what they are.
    List(list::Arguments),
    /// Removes a secret.
    Remove(remove::Arguments),
    /// Gives the vault a new key, while other processes serve. It may be interrupted, and done again.
    RotateKey(rotate_key::Arguments),
    /// Prints a new vault key, for a key file or BULKHEAD_VAULT_KEYS.
    GenerateKey,
}

/// Whose secrets.
#[derive(Debug, clap::Args)]
struct Tenant {
    /// The organisation, when there are several
    #[arg(long, value_name = "SLUG")]
    organization: Option<String>,
}

/// Which secret. Both are read by us and not by clap, which would repeat what it refuses: it may be the secret itself.
#[derive(Debug, clap::Args)]
struct Name {
    /// The connector, such as github
    connector: String,
    /// The secret's name, such as token
    name: String,
}

impl Command {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::GenerateKey => generate_key::run(),
            Self::Set(arguments) => set::run(arguments, config).await,
            Self::List(arguments) => list::run(arguments, config).await,
            Self::Remove(arguments) => remove::run(arguments, config).await,
            Self::RotateKey(arguments) => rotate_key::run(arguments, config).await,
        }
    }
}

impl Name {
    fn parse(&self) -> anyhow::Result<(Scope, FieldName)> {
        let slug: Slug = self.connector.parse().ok().context(
            "the first argument is not a connector's name; one has lower-case letters, digits and single hyphens",
        )?;
        Ok((Scope::Connector(slug), self.name.parse()?))
    }
}

/// The database, such that what is acknowledged is on the disk.
async fn open(config: &Config) -> anyhow::Result<(Database, Ports)> {
    // For its making, when this comes before everything else.
    DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    let sqlite = SqliteOptions { flush_every_commit: true, ..SqliteOptions::default() };
    open_database_with(config, &Options { sqlite, ..Options::default() }).await
}

async fn organization(ports: &Ports, tenant: &Tenant) -> anyhow::Result<Organization> {
    Ok(bulkhead_identity::find_organization(ports, tenant.organization.as_deref()).await?)
}

/// Whoever can start this process can read the key file.
fn operator() -> Actor {
    #[cfg(unix)]
    return Actor::operator(format!("uid {}", rustix::process::getuid().as_raw()));
    #[cfg(not(unix))]
    return Actor::operator("unknown");
}

fn author(ports: &Ports, organization: &Organization) -> Author {
    let correlation = CorrelationId::accept(None, ports.entropy.as_ref());
    Author { organization: organization.id, actor: operator(), correlation }
}

/// Writes the result.
fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{text}").and_then(|()| output.flush()).context("the result can't be written")
}

/// Says something beside the result.
#[expect(clippy::print_stderr, reason = "for whoever typed the command, whatever the log filter says")]
fn note(text: &str) {
    eprintln!("{text}");
}
