//! Mail.

use std::path::PathBuf;
use std::time::Duration;

use bulkhead_identity::MailTerms;
use serde::{Deserialize, Serialize};

/// How mail is sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// Whom mails come from.
    pub from: String,
    /// The server; files in the data directory's folder `mail` when absent.
    pub smtp_url: Option<String>,
    /// Who we say that we are.
    pub smtp_user: Option<String>,
    /// The file that has the password, and nothing else.
    pub smtp_password_file: Option<PathBuf>,
    /// How long the server may take for each step: seconds.
    pub smtp_seconds: u64,
    /// How often to look for mail: milliseconds.
    pub poll_ms: u64,
    /// How long one mail may take before another host may take it: seconds.
    pub lease_seconds: u64,
    /// After how long a mail that could not be sent is tried again: seconds. Each further try waits twice as long.
    pub retry_seconds: u64,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            from: "Bulkhead <bulkhead@localhost>".to_owned(),
            smtp_url: None,
            smtp_user: None,
            smtp_password_file: None,
            smtp_seconds: 20,
            poll_ms: 1000,
            lease_seconds: 120,
            retry_seconds: 30,
        }
    }
}

impl MailConfig {
    /// Its limits, by their names in the configuration.
    pub(super) fn limits(&self) -> [(&'static str, u64); 4] {
        [
            ("mail.smtp_seconds", self.smtp_seconds),
            ("mail.poll_ms", self.poll_ms),
            ("mail.lease_seconds", self.lease_seconds),
            ("mail.retry_seconds", self.retry_seconds),
        ]
    }

    /// How long a mail may take, and when it is tried again.
    #[must_use]
    pub fn terms(&self) -> MailTerms {
        MailTerms { lease: Duration::from_secs(self.lease_seconds), retry: Duration::from_secs(self.retry_seconds) }
    }
}
