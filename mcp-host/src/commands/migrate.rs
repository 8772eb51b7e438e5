//! `bulkhead migrate`.

use anyhow::Context as _;

use super::assemble::open_database;
use super::owner::welcome_owner;
use crate::config::Config;
use crate::data_dir::DataDir;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let data_dir = DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    let (database, ports) = open_database(&config).await?;
    // Whether it is `up` or `serve` that comes next is not known.
    let rest = config.public_url.is_some();
    welcome_owner(&ports, &data_dir, &config.public_url(config.listen), rest).await?;
    tracing::info!(database = database.kind(), "the database is up to date");
    database.close().await;
    Ok(())
}
