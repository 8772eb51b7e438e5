//! `bulkhead connector`: connectors from their inspection to their removal.
//!
//! A host that serves notices what these commands do to its folder and its database; they need not know of it. What a
//! connector may ask for is approved here and nowhere else: no tool can.

mod add;
mod approve;
mod artifact;
mod build;
mod inspect;
mod list;
mod new;
mod push;
mod remove;
mod report;
mod source;
mod verify;

use std::path::PathBuf;

use anyhow::Context as _;
use bulkhead_connectors::Slug;
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::config::Config;
use crate::sandbox::MANIFEST;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Makes a folder with a connector to start from.
    New(new::Arguments),
    /// Builds a connector's component from its folder.
    Build(build::Arguments),
    /// Shows what a connector is and asks for, before it is installed.
    Inspect(inspect::Arguments),
    /// Shows the connectors of the folder, and whether each is approved.
    List(list::Arguments),
    /// Installs a connector: its folder, an artifact in a registry, or a component alone, which then may reach nothing.
    Add(add::Arguments),
    /// Uploads a connector to an OCI registry.
    Push(push::Arguments),
    /// Shows what a version asks for beyond what was approved, and approves it.
    Approve(approve::Arguments),
    /// Removes a connector and its approval.
    Remove(remove::Arguments),
    /// Checks signatures, components and approvals, as a host does at its start.
    Verify(verify::Arguments),
}

impl Command {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::New(arguments) => new::run(&arguments),
            Self::Build(arguments) => build::run(arguments, config).await,
            Self::Inspect(arguments) => inspect::run(arguments, config).await,
            Self::List(arguments) => list::run(arguments, config).await,
            Self::Add(arguments) => add::run(arguments, config).await,
            Self::Push(arguments) => push::run(arguments, config).await,
            Self::Approve(arguments) => approve::run(arguments, config).await,
            Self::Remove(arguments) => remove::run(arguments, config).await,
            Self::Verify(arguments) => verify::run(arguments, config).await,
        }
    }
}

/// The folder of an installed connector.
fn installed(config: &Config, slug: &Slug) -> anyhow::Result<PathBuf> {
    let folder = config.connectors_dir.join(slug.as_str());
    let installed = folder.join(MANIFEST).is_file().then_some(folder);
    installed.with_context(|| format!("{} has no connector {slug}", config.connectors_dir.display()))
}

fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}
