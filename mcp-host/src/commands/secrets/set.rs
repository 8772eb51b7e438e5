//! `bulkhead secrets set`.

use anyhow::bail;
use bulkhead_vault::NewSecret;

use super::{Name, Tenant, author, input, note, open, organization};
use crate::config::Config;
use crate::vault::Vault;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    name: Name,
    #[command(flatten)]
    tenant: Tenant,
    /// Taken only to be refused: clap would repeat it.
    #[arg(hide = true)]
    value: Vec<String>,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    if !arguments.value.is_empty() {
        bail!(
            "a secret is read from standard input, never from the command line, where every process of the machine can \
             see it and the shell keeps it; if what you typed was one, replace it"
        );
    }
    let (scope, field) = arguments.name.parse()?;
    let (database, ports) = open(&config).await?;
    let organization = organization(&ports, &arguments.tenant).await?;
    let vault = Vault::open(&ports, &config.vault, &config.data_dir).await?;
    let what = format!("{}/{field}", scope.name());
    let prompt = what.clone();
    let max_bytes = config.vault.max_secret_bytes;
    let value = tokio::task::spawn_blocking(move || input::read(&prompt, max_bytes)).await??;
    if bulkhead_connectors::get(&ports, &scope.name()).await?.is_none() {
        note(&format!("note: no connector {:?} is installed at the moment", scope.name()));
    }
    vault.put(&author(&ports, &organization), &NewSecret { scope, field, value }).await?;
    database.close().await;
    note(&format!("{what} is stored for {}", organization.slug));
    Ok(())
}
