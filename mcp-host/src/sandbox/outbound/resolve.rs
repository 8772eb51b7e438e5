//! Step 3: the host's addresses, asked for once. What is checked is what is connected to.

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use url::Host;

use super::failure::OutboundError;
use crate::sandbox::grants::Origin;

/// Where names are looked up.
#[async_trait]
pub(crate) trait Resolve: Send + Sync {
    /// Every address of a host name, each with this port.
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The operating system's resolver.
pub(crate) struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, port)).await?.collect())
    }
}

pub(super) async fn resolve(resolver: &dyn Resolve, origin: &Origin) -> Result<Vec<SocketAddr>, OutboundError> {
    let port = origin.port;
    let addresses = match &origin.host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        // What the resolver says may quote what a stranger's server told it, so it is not repeated.
        Host::Domain(name) => resolver.resolve(name, port).await.map_err(|_| OutboundError::UnknownHost)?,
    };
    if addresses.is_empty() { Err(OutboundError::UnknownHost) } else { Ok(addresses) }
}
