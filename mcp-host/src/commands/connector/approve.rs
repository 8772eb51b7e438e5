//! `bulkhead connector approve`.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use bulkhead_connectors::Slug;

use super::installed;
use crate::commands::assemble::{open_durable, signatures};
use crate::commands::operator::operator;
use crate::commands::terminal::{note, print};
use crate::config::Config;
use crate::lifecycle::{Standing, approver, record, standing};
use crate::sandbox::Package;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// The connector, such as github
    slug: Slug,
    /// Without a question
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let slug = arguments.slug;
    let package = Package::read(&installed(&config, &slug)?, &signatures(&config)?)?;
    if package.manifest.slug != slug {
        bail!("the folder {slug} holds the connector {}", package.manifest.slug);
    }
    let (database, ports) = open_durable(&config).await?;
    let standing = standing(&ports, &package).await?;
    let version = &package.manifest.version;
    match &standing {
        Standing::Approved => {
            database.close().await;
            note(&format!("{slug} {version} is approved already"));
            return Ok(());
        }
        Standing::First => print(&asked(&format!("{slug} {version} asks for"), &package.requested.lines()))?,
        Standing::AsksForNoMore(_) => print(&format!("{slug} {version} asks for no more than what is approved"))?,
        Standing::AsksForMore { beyond, .. } => {
            print(&asked(&format!("{slug} {version} asks for more than what is approved"), beyond))?;
        }
    }
    if !arguments.yes && !confirmed()? {
        database.close().await;
        bail!("{slug} {version} is not approved");
    }
    // What was shown is what is recorded, whatever has happened to the files meanwhile.
    record(&ports, &approver(&ports, operator()).await?, &package, standing).await?;
    database.close().await;
    note(&format!("{slug} {version} is approved; a host that serves takes it up by itself"));
    Ok(())
}

fn asked(title: &str, lines: &[String]) -> String {
    let lines = if lines.is_empty() { &["nothing".to_owned()] } else { lines };
    format!("{title}:\n  {}", lines.join("\n  "))
}

/// Asks on the terminal. Without one nobody has said yes.
fn confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask on; --yes approves without a question");
    }
    let mut errors = std::io::stderr().lock();
    write!(errors, "Approve? [y/N] ").and_then(|()| errors.flush()).context("the question can't be asked")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("the answer can't be read")?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
