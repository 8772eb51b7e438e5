//! `bulkhead tokens`: the keys that access tokens are signed with.

mod public;
mod rotate_key;

use crate::config::Config;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Prints the public halves of the keys, for the variable token_keys of functions that run on Spin.
    Public,
    /// Gives access tokens a new key. Those that were signed before stay good for their time.
    RotateKey,
}

impl Command {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Public => public::run(config),
            Self::RotateKey => rotate_key::run(config),
        }
    }
}
