//! Mails to a server (RFC 5321), over TLS unless it is on this machine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_identity::Letter;
use bulkhead_kernel::{Clock, Secret};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::compose::compose;
use super::{SendError, Sender, Transport};

/// Which server, and how.
#[derive(Clone, Debug)]
pub(crate) struct SmtpTerms {
    /// `smtps://HOST[:PORT]` for TLS from the start, `smtp://HOST[:PORT]?tls=required` for STARTTLS, or `smtp://127.0.0.1:PORT`
    /// for a server on this machine, without TLS.
    pub(crate) url: String,
    /// Who we say that we are: user and password.
    pub(crate) credentials: Option<(String, Secret)>,
    /// How long the server may take for each step.
    pub(crate) timeout: Duration,
}

/// The server can't be used as it is set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidSmtp {
    /// No such address.
    #[error("mail.smtp_url: {0}")]
    Url(#[from] lettre::transport::smtp::Error),
    /// Mails would travel in the clear.
    #[error(
        "mail.smtp_url: mail to another machine goes over TLS; write smtps://HOST, or smtp://HOST?tls=required for STARTTLS"
    )]
    InTheClear,
}

/// Gives each mail to a server.
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

impl Smtp {
    /// The way to this server. Nothing is sent yet.
    ///
    /// # Errors
    /// [`InvalidSmtp`].
    pub(crate) fn new(terms: &SmtpTerms, sender: Sender, clock: Arc<dyn Clock>) -> Result<Arc<Self>, InvalidSmtp> {
        let tls = terms.url.starts_with("smtps://")
            || terms.url.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair == "tls=required"));
        if !tls && !is_local(&terms.url) {
            return Err(InvalidSmtp::InTheClear);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&terms.url)?;
        // Our own machine's name is nobody's business.
        let builder = builder.timeout(Some(terms.timeout)).hello_name(ClientId::Domain("bulkhead".to_owned()));
        let builder = match &terms.credentials {
            Some((user, password)) => builder.credentials(Credentials::new(user.clone(), password.expose().to_owned())),
            None => builder,
        };
        Ok(Arc::new(Self { transport: builder.build(), sender, clock }))
    }
}

fn is_local(url: &str) -> bool {
    let host = url.strip_prefix("smtp://").unwrap_or_default();
    let host = host.split(['/', '?']).next().unwrap_or_default();
    // What stands before an `@` is no host.
    if host.contains('@') {
        return false;
    }
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let message = compose(letter, &self.sender, self.clock.now())?;
        self.transport.send(message).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_in_the_clear_stays_on_this_machine() {
        for url in ["smtp://127.0.0.1:25", "smtp://localhost:2525", "smtp://[::1]:25", "smtp://127.0.0.1"] {
            assert!(is_local(url), "{url}");
        }
        for url in [
            "smtp://mail.example.com",
            "smtp://127.0.0.1.example.com",
            "smtp://localhost@mail.example.com",
            "smtp://127.0.0.1:25@mail.example.com",
            "smtp://10.0.0.1",
            "http://127.0.0.1",
        ] {
            assert!(!is_local(url), "{url}");
        }
    }
}
