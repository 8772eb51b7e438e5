//! What commands that talk to a registry have in common.

use crate::config::Config;
use crate::registry::{ArtifactReference, RegistryClient, RegistryError, Transport};

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct RegistryArguments {
    /// Speak HTTP without TLS to the registry: nothing is protected on the way. One on this machine is spoken to so anyway
    #[arg(long)]
    plain_http: bool,
}

impl RegistryArguments {
    /// The registry of an artifact.
    pub(super) fn client(self, reference: ArtifactReference, config: &Config) -> Result<RegistryClient, RegistryError> {
        let transport = if self.plain_http { Transport::PlainHttp } else { Transport::Default };
        RegistryClient::new(reference, &config.registry, config.outbound.ca_file.as_deref(), transport)
    }
}
