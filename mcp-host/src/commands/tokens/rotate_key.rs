//! `bulkhead tokens rotate-key`

use anyhow::Context as _;
use bulkhead_native_adapters::OsEntropy;

use crate::commands::terminal::{note, print};
use crate::config::Config;
use crate::data_dir::DataDir;

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let data_dir = DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    let keys = data_dir.rotate_signing_keys(&OsEntropy)?;
    note("the new key signs from the next start on; the one before verifies until its last token has expired");
    print(&keys.public().as_text())
}
