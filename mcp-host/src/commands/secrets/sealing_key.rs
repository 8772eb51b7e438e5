//! `bulkhead secrets sealing-key`.

use std::io::Write as _;

use anyhow::Context as _;

use super::{note, open};
use crate::config::Config;
use crate::vault::Vault;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let (database, ports) = open(&config).await?;
    let (key, _) = Vault::open(&ports, &config.vault, &config.data_dir).await?.sealing_key();
    database.close().await;
    note(&format!("what seals for the vault key {}; after a rotation functions need the next one", key.id()));
    let mut output = std::io::stdout().lock();
    let written = output.write_all(key.expose().expose().as_bytes()).and_then(|()| output.write_all(b"\n"));
    written.and_then(|()| output.flush()).context("the key can't be written")
}
