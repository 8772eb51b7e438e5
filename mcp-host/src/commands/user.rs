//! `bulkhead user`: people, for whoever operates the installation.

use bulkhead_identity::{EmailAddress, make_reset_link};
use bulkhead_kernel::CorrelationId;

use super::assemble::open_durable;
use super::operator::operator;
use crate::config::Config;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Prints a link by which a person chooses a password, good for half an hour and one use. The first owner's address is
    /// owner@localhost.
    ResetLink {
        /// The person's e-mail address.
        email: String,
    },
}

impl Command {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::ResetLink { email } = self;
        let email: EmailAddress = email.parse()?;
        let (database, ports) = open_durable(&config).await?;
        let correlation = CorrelationId::accept(None, ports.entropy.as_ref());
        let public_url = config.public_url(config.listen);
        let link = make_reset_link(&ports, &public_url, &email, &operator().id, &correlation).await?;
        database.close().await;
        let Some(link) = link else { anyhow::bail!("nobody has this address") };
        print(link.expose());
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "it is what the command is for")]
fn print(link: &str) {
    println!("{link}");
}
