//! Sending what waits in identity's outbox. Natively only: the host does it.
//!
//! [`Transport`] is how a mail leaves; [`Smtp`] gives it to a server, [`Files`] puts it into a folder, where somebody who
//! tries Bulkhead out finds it. [`Postman`] takes mails from the outbox and hands them over; several may do so at once.

mod compose;
mod files;
mod postman;
mod smtp;

use async_trait::async_trait;
use bulkhead_identity::Letter;

pub use compose::{InvalidSender, Sender};
pub use files::Files;
pub use postman::Postman;
pub use smtp::{InvalidSmtp, Smtp, SmtpTerms};

/// How a mail leaves.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends it, or says why that failed, without a word of the mail.
    async fn send(&self, letter: &Letter) -> Result<(), SendError>;
}

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
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
