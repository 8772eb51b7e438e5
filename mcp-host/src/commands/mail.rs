//! Whoever sends the mail.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bulkhead_identity::IdentityKey;
use bulkhead_kernel::{Ports, Secret};

use crate::config::MailConfig;
use crate::data_dir::DataDir;
use crate::mail::{Files, Postman, Smtp, SmtpTerms, Transport};
use crate::private_file;

/// As it is set: by a server, or into files.
pub(super) fn postman(
    config: &MailConfig,
    data_dir: &DataDir,
    ports: &Ports,
    key: IdentityKey,
) -> anyhow::Result<Postman> {
    let sender = config.from.parse().context("mail.from")?;
    let transport: Arc<dyn Transport> = match &config.smtp_url {
        None => Files::new(data_dir.file("mail"), sender, ports.clone()),
        Some(url) => {
            let terms = SmtpTerms {
                url: url.clone(),
                credentials: credentials(config)?,
                timeout: Duration::from_secs(config.smtp_seconds),
            };
            Smtp::new(&terms, sender, ports.clock.clone())?
        }
    };
    let (ports, terms, poll) = (ports.clone(), config.terms(), Duration::from_millis(config.poll_ms));
    Ok(Postman { ports, key, terms, poll, transport })
}

fn credentials(config: &MailConfig) -> anyhow::Result<Option<(String, Secret)>> {
    match (&config.smtp_user, &config.smtp_password_file) {
        (None, None) => Ok(None),
        (Some(user), Some(path)) => {
            let text = private_file::read(path);
            let text = text.with_context(|| format!("mail.smtp_password_file {}", path.display()))?;
            Ok(Some((user.clone(), Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))))
        }
        _ => anyhow::bail!("mail.smtp_user and mail.smtp_password_file belong together; set both, or neither"),
    }
}
