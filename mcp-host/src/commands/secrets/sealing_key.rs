//! `bulkhead secrets sealing-key`.

use std::io::Write as _;

use anyhow::Context as _;

use super::note;
use crate::config::Config;
use crate::vault::KeySource;

/// Prints what is in the key file, for which no database is needed.
pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let (ring, _) = KeySource::of(&config.vault, &config.data_dir).read()?;
    let key = ring.sealing_key();
    note(&format!("what seals for the vault key {}; after a rotation functions need the next one", key.id()));
    let mut output = std::io::stdout().lock();
    let written = output.write_all(key.expose().expose().as_bytes()).and_then(|()| output.write_all(b"\n"));
    written.and_then(|()| output.flush()).context("the key can't be written")
}
