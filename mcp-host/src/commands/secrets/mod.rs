//! `bulkhead secrets`: what connectors are given outside of the sandbox, and the keys to it.
//!
//! The result is on standard output, as a table or with `--json`; what is said beside it is on standard error.

mod generate_key;
mod input;
mod list;
mod remove;
mod rotate_key;
mod sealing_key;
mod set;

use anyhow::Context as _;
use bulkhead_connectors::Slug;
use bulkhead_identity::Organization;
use bulkhead_kernel::{CorrelationId, Ports};
use bulkhead_vault::{Author, FieldName, Scope};

use super::assemble::open_durable as open;
use super::operator::operator;
use super::terminal::{note, print};
use crate::config::Config;

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
    /// Prints the half of the vault's key that only seals, for the variable vault_sealing_key of functions on Spin.
    SealingKey,
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
            Self::SealingKey => sealing_key::run(&config),
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

async fn organization(ports: &Ports, tenant: &Tenant) -> anyhow::Result<Organization> {
    Ok(bulkhead_identity::find_organization(ports, tenant.organization.as_deref()).await?)
}

fn author(ports: &Ports, organization: &Organization) -> Author {
    let correlation = CorrelationId::accept(None, ports.entropy.as_ref());
    Author { organization: organization.id, actor: operator(), correlation }
}
