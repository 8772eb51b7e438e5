//! Step 3: the host's addresses, asked for once. What is checked is what is connected to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
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

/// A resolver of which only so many look-ups are under way at once; more wait for their turn. The operating system's takes a
/// thread for each, which no timeout gives back: names that are slow to be found would take them all.
pub(crate) struct BoundedResolver {
    resolver: Arc<dyn Resolve>,
    places: Arc<Semaphore>,
}

impl BoundedResolver {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, lookups: usize) -> Self {
        Self { resolver, places: Arc::new(Semaphore::new(lookups.min(Semaphore::MAX_PERMITS))) }
    }
}

#[async_trait]
impl Resolve for BoundedResolver {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let place = self.places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (resolver, name) = (self.resolver.clone(), name.to_owned());
        // A task of its own: the place is taken until the look-up ends, also when nobody waits for it any more.
        let looked_up = tokio::spawn(async move {
            let found = resolver.resolve(&name, port).await;
            drop(place);
            found
        });
        looked_up.await?
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
