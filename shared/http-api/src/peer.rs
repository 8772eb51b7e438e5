//! From where a request comes.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::Extensions;
use http::request::Parts;

use crate::Api;

/// The address of whoever opened the connection, if whatever serves the request has told. Nothing that a client sends is
/// believed: who serves puts it among the request's extensions, from the socket or from what Spin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub Option<IpAddr>);

impl Peer {
    /// This address. An IPv4 address that a socket writes as an IPv6 one is what it stands for.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self(Some(address.to_canonical()))
    }

    /// What a request's extensions say.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(None))
    }
}

impl FromRequestParts<Api> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}
