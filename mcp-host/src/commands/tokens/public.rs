//! `bulkhead tokens public`

use anyhow::Context as _;
use bulkhead_native_adapters::OsEntropy;

use crate::commands::terminal::print;
use crate::config::Config;
use crate::data_dir::DataDir;

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let data_dir = DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    print(&data_dir.signing_keys(&OsEntropy)?.public().as_text())
}
