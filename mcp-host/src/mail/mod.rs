//! Sending what waits in identity's outbox.
//!
//! [`Transport`] is how a mail leaves; [`Smtp`] gives it to a server, [`Files`] puts it into a folder, where somebody who
//! tries Bulkhead out finds it. [`Postman`] takes mails from the outbox and hands them over; several may do so at once.

mod compose;
mod files;
mod postman;
mod smtp;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use bulkhead_identity::Letter;

pub(crate) use compose::Sender;
pub(crate) use files::Files;
pub(crate) use postman::Postman;
pub(crate) use smtp::{Smtp, SmtpTerms};

/// How a mail leaves.
#[async_trait]
pub(crate) trait Transport: Send + Sync {
    /// Sends it, or says why that failed, without a word of the mail.
    async fn send(&self, letter: &Letter) -> Result<(), SendError>;
}

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// It can't be sent as it is: its address is none that mail reaches.
    #[error("the mail can't be written: {0}")]
    Unsendable(String),
    /// The server did not take it.
    #[error("the mail server: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The folder did not take it.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
