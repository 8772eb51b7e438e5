//! `bulkhead secrets generate-key`.

use std::io::Write as _;

use anyhow::Context as _;
use bulkhead_native_adapters::OsEntropy;
use bulkhead_vault::KeyEncryptionKey;

pub(super) fn run() -> anyhow::Result<()> {
    let key = KeyEncryptionKey::generate(&OsEntropy);
    super::note(&format!("vault key {}; keep it secret, and keep a copy", key.id()));
    let mut output = std::io::stdout().lock();
    let written = output.write_all(key.expose().expose().as_bytes()).and_then(|()| output.write_all(b"\n"));
    written.and_then(|()| output.flush()).context("the key can't be written")
}
