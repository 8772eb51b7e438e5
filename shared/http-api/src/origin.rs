//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use bulkhead_identity::SessionOrigin;
use http::HeaderMap;
use http::header::{HeaderName, USER_AGENT};
use http::request::Parts;

use crate::{Api, Problem};

/// Spin and the embedded runtime set it, whatever the client has sent.
const CLIENT: HeaderName = HeaderName::from_static("spin-client-addr");

/// The variable with the name of the header in which a proxy in front of the installation tells the client's address; empty
/// when there is no such proxy.
const CLIENT_ADDRESS_HEADER: &str = "client_address_header";

/// As much of a client's name as is kept: characters.
const MAX_USER_AGENT: usize = 200;

/// Where a request comes from, for whoever looks through their sessions, and for limits.
#[derive(Clone, Debug)]
pub struct Origin(pub SessionOrigin);

impl Origin {
    /// Whom limits by address count: an address, or of IPv6, where everybody has many, its network. What has no address
    /// shares one count.
    #[must_use]
    pub fn counted(&self) -> String {
        let address = self.0.address.as_deref().unwrap_or_default();
        match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            Ok(address) => address.to_string(),
            Err(_) => String::new(),
        }
    }
}

impl FromRequestParts<Api> for Origin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let proxy = api.variable(CLIENT_ADDRESS_HEADER).await?;
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect());
        let address = match proxy.expose() {
            "" => address(&parts.headers, &CLIENT),
            name => {
                let name = HeaderName::try_from(name).map_err(Problem::misconfigured)?;
                address(&parts.headers, &name)
            }
        };
        Ok(Self(SessionOrigin { user_agent, address }))
    }
}

/// The last address of the last header of this name: what comes before it, the client may have sent itself.
fn address(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let last = value.rsplit(',').next()?.trim();
    // With a port or without; the port says nothing about who it is.
    let parsed = match last.parse::<std::net::SocketAddr>() {
        Ok(address) => Some(address.ip()),
        Err(_) => last.trim_matches(['[', ']']).parse::<IpAddr>().ok(),
    };
    parsed.map(|address| address.to_canonical().to_string())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn counted(value: &'static str) -> String {
        let headers: HeaderMap = [(CLIENT, HeaderValue::from_static(value))].into_iter().collect();
        Origin(SessionOrigin { user_agent: None, address: address(&headers, &CLIENT) }).counted()
    }

    #[test]
    fn an_address_is_counted_without_its_port_and_a_network_of_ipv6_as_one() {
        for (value, expected) in [
            ("10.0.0.1:4711", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1"),
            ("6.6.6.6, 10.0.0.1", "10.0.0.1"),
            ("[2001:db8::1]:4711", "2001:db8::/64"),
            ("2001:db8:0:0:ffff::2", "2001:db8::/64"),
            ("[::ffff:10.0.0.1]:1", "10.0.0.1"),
            ("nonsense", ""),
        ] {
            assert_eq!(counted(value), expected, "{value}");
        }
    }
}
