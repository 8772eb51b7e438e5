//! Who takes mails from the outbox and hands them over.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_identity::{IdentityKey, MailError, MailTerms, claim_mail, expired_mail, mail_failed, mail_sent};
use bulkhead_kernel::Ports;
use tokio_util::sync::CancellationToken;

use super::Transport;

/// Sends what is due, one mail after the other.
pub(crate) struct Postman {
    /// The database, the time.
    pub(crate) ports: Ports,
    /// What mails are sealed under.
    pub(crate) key: IdentityKey,
    /// How long a mail may take, and when it is tried again.
    pub(crate) terms: MailTerms,
    /// How often to look.
    pub(crate) poll: Duration,
    /// How they leave.
    pub(crate) transport: Arc<dyn Transport>,
}

impl Postman {
    /// Does so until it is told to stop.
    pub(crate) async fn serve(&self, stop: CancellationToken) {
        loop {
            self.round(&stop).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }

    /// Sends all that is due now, or what can be until it is told to stop: how many were sent. A mail that it has begun to send
    /// it ends, because half a mail is sent again.
    pub(crate) async fn round(&self, stop: &CancellationToken) -> usize {
        match expired_mail(&self.ports).await {
            Ok(0) => {}
            Ok(mails) => tracing::warn!(mails, "mail was never sent, and is of no use any more"),
            Err(error) => {
                tracing::error!(%error, "the outbox can't be read");
                return 0;
            }
        }
        let mut sent = 0;
        while !stop.is_cancelled() {
            let due = match claim_mail(&self.ports, &self.key, &self.terms).await {
                Ok(Some(due)) => due,
                Ok(None) => return sent,
                // The others still can be; this one comes again after its lease.
                Err(error @ MailError::Unreadable(..)) => {
                    tracing::error!(%error, "a mail can't be opened");
                    continue;
                }
                Err(MailError::Sql(error)) => {
                    tracing::error!(%error, "the outbox can't be read");
                    return sent;
                }
            };
            let id = due.id;
            let failed = match tokio::time::timeout(self.terms.lease, self.transport.send(&due.letter)).await {
                Ok(sent) => sent.err().map(|error| error.to_string()),
                Err(_) => Some("it took too long".to_owned()),
            };
            let done = match failed {
                None => {
                    sent += 1;
                    mail_sent(&self.ports, &due).await
                }
                Some(error) => mail_failed(&self.ports, &due, &self.terms).await.map(|pause| {
                    let again_in_seconds = pause.as_secs();
                    tracing::warn!(mail = %id, attempts = due.attempts, again_in_seconds, error, "a mail could not be sent");
                }),
            };
            if let Err(error) = done {
                tracing::error!(mail = %id, %error, "what became of a mail could not be written");
                return sent;
            }
        }
        sent
    }
}
