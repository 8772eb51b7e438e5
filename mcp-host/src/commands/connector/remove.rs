//! `bulkhead connector remove`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use bulkhead_connectors::Slug;

use super::installed;
use crate::commands::assemble::open_durable;
use crate::commands::operator::operator;
use crate::commands::terminal::note;
use crate::config::Config;
use crate::lifecycle::approver;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// The connector, such as github
    slug: Slug,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let slug = arguments.slug;
    let folder = installed(&config, &slug)?;
    let (database, ports) = open_durable(&config).await?;
    // Out of sight in one step, so that nobody finds half of it.
    let hidden = config.connectors_dir.join(format!(".{slug}-removed-{}", std::process::id()));
    let removed = fs::rename(&folder, &hidden).and_then(|()| delete(&hidden));
    removed.with_context(|| format!("{} can't be removed", folder.display()))?;
    bulkhead_connectors::withdraw_approval(&ports, &approver(&ports, operator()).await?, &slug).await?;
    database.close().await;
    note(&format!("{slug} is removed"));
    if config.connectors.contains_key(slug.as_str()) {
        note(&format!("note: remove [connectors.{slug}] from the configuration too: a host does not start with it"));
    }
    Ok(())
}

/// Deletes a connector's folder. Of a link to one only the link goes.
pub(super) fn delete(path: &Path) -> std::io::Result<()> {
    if path.symlink_metadata()?.is_symlink() { fs::remove_file(path) } else { fs::remove_dir_all(path) }
}
