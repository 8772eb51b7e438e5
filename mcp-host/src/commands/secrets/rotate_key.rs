//! `bulkhead secrets rotate-key`.

use std::io::{IsTerminal as _, Write as _};

use anyhow::bail;
use bulkhead_kernel::CorrelationId;
use bulkhead_vault::{Failed, KeyId};
use serde_json::json;

use super::{note, open, operator, print};
use crate::config::Config;
use crate::vault::{KeySource, Progress, Rotated, Vault, rotate};

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let (database, ports) = open(&config).await?;
    // Makes the first key when there is none, and refuses when secrets need one that is not here.
    Vault::open(&ports, &config.vault, &config.data_dir).await?;
    let source = KeySource::of(&config.vault, &config.data_dir);
    let correlation = CorrelationId::accept(None, ports.entropy.as_ref());
    let batch = config.vault.rotation_batch;
    let rotated = rotate(&ports, &source, &operator(), &correlation, batch, show).await?;
    database.close().await;
    let failed = rotated.failed.len();
    print(&if arguments.json { format!("{:#}", to_json(&rotated)) } else { to_text(&rotated) })?;
    if matches!(source, KeySource::Environment { .. }) && !rotated.retired.is_empty() {
        note("the retired keys may now be removed from BULKHEAD_VAULT_KEYS");
    }
    if !rotated.kept.is_empty() {
        let keys = names(&rotated.kept);
        if failed > 0 {
            bail!("{failed} secrets can't be opened and still need {keys}; set or remove them, and run this again");
        }
        bail!("somebody still seals with {keys}; start what does with the new key, and run this again");
    }
    Ok(())
}

fn show(progress: Progress) {
    let Progress { rewrapped, total } = progress;
    let mut errors = std::io::stderr().lock();
    // A line that is written over on a terminal; elsewhere one after the other. Whether anybody reads them is not important.
    let end = if std::io::stderr().is_terminal() && rewrapped < total { '\r' } else { '\n' };
    let _ = write!(errors, "{rewrapped} of {total} secrets have the new key{end}").and_then(|()| errors.flush());
}

fn names(keys: &[KeyId]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn failure(failed: &Failed) -> String {
    format!("{}/{} of organisation {}: {}", failed.scope.name(), failed.field, failed.organization, failed.error)
}

fn to_text(rotated: &Rotated) -> String {
    let mut lines =
        vec![format!("the primary key is {}; {} secrets were wrapped anew", rotated.primary, rotated.rewrapped)];
    if !rotated.retired.is_empty() {
        lines.push(format!(
            "retired: {}; older backups of the database still need them, newer ones do not",
            names(&rotated.retired)
        ));
    }
    lines.extend(rotated.failed.iter().map(failure));
    lines.join("\n")
}

fn to_json(rotated: &Rotated) -> serde_json::Value {
    json!({
        "primary": rotated.primary,
        "rewrapped": rotated.rewrapped,
        "retired": rotated.retired,
        "kept": rotated.kept,
        "failed": rotated.failed.iter().map(|failed| json!({
            "organization": failed.organization,
            "connector": failed.scope.name(),
            "name": failed.field,
            "error": failed.error.to_string(),
        })).collect::<Vec<_>>(),
    })
}
