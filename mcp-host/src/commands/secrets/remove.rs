//! `bulkhead secrets remove`.

use anyhow::bail;

use super::{Name, Tenant, author, note, open, organization};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    name: Name,
    #[command(flatten)]
    tenant: Tenant,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let (scope, field) = arguments.name.parse()?;
    let (database, ports) = open(&config).await?;
    let organization = organization(&ports, &arguments.tenant).await?;
    let removed = bulkhead_vault::remove(&ports, &author(&ports, &organization), &scope, &field).await?;
    database.close().await;
    if !removed {
        bail!("{} has no secret {}/{field}", organization.slug, scope.name());
    }
    note(&format!("{}/{field} is removed from {}", scope.name(), organization.slug));
    Ok(())
}
