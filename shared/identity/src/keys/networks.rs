//! From where a key may be used: blocks of addresses in CIDR notation (RFC 4632, RFC 4291).

use core::net::IpAddr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// Blocks of addresses. None of them is no address at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// A text is no block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no block of addresses; one is like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7")]
pub struct InvalidNetwork;

impl Networks {
    /// Reads blocks; a bare address is a block of one. Gives what is wrong by its place.
    ///
    /// # Errors
    /// The places of texts that are none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Vec<usize>> {
        let mut networks = Vec::new();
        let mut wrong = Vec::new();
        for (place, text) in texts.into_iter().enumerate() {
            match block(text) {
                Ok(network) => networks.push(network),
                Err(InvalidNetwork) => wrong.push(place),
            }
        }
        if wrong.is_empty() { Ok(Self(networks)) } else { Err(wrong) }
    }

    /// As they are stored. What is not understood allows nothing.
    pub(super) fn from_text(text: &str) -> Self {
        Self(text.split(' ').filter_map(|text| block(text).ok()).collect())
    }

    pub(super) fn as_text(&self) -> String {
        self.texts().collect::<Vec<_>>().join(" ")
    }

    /// Whether the address is in one of them. An IPv4 address that is written as an IPv6 one is what it stands for.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether each is in one of those.
    #[must_use]
    pub fn within(&self, others: &Self) -> bool {
        self.0.iter().all(|network| others.0.iter().any(|other| other.contains(network)))
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

impl Serialize for Networks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts())
    }
}

fn block(text: &str) -> Result<IpNet, InvalidNetwork> {
    let network = match text.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => text.parse::<IpAddr>().map(IpNet::from).map_err(|_| InvalidNetwork)?,
    };
    // `::ffff:192.0.2.0/120` would never match: addresses are compared as what they stand for.
    let mapped = matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some());
    if mapped { Err(InvalidNetwork) } else { Ok(network.trunc()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        Networks::parse(texts.iter().copied()).expect("blocks")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_is_in_a_block_or_not() {
        let some = networks(&["192.0.2.77/24", "2001:db8::/32", "198.51.100.7"]);
        for inside in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9", "2001:db8:ffff::1", "198.51.100.7"] {
            assert!(some.contain(address(inside)), "{inside}");
        }
        for outside in ["192.0.3.0", "192.0.1.255", "2001:db9::", "198.51.100.8", "::192.0.2.1"] {
            assert!(!some.contain(address(outside)), "{outside}");
        }
        assert!(!networks(&[]).contain(address("192.0.2.1")));
        assert_eq!(some.as_text(), "192.0.2.0/24 2001:db8::/32 198.51.100.7/32");
        assert_eq!(Networks::from_text(&some.as_text()), some);
        assert!(!Networks::from_text("everywhere").contain(address("192.0.2.1")));
    }

    #[test]
    fn a_list_is_within_a_wider_one() {
        let wide = networks(&["10.0.0.0/8", "2001:db8::/32"]);
        assert!(networks(&["10.1.0.0/16", "10.2.3.4", "2001:db8:1::/48"]).within(&wide));
        assert!(!networks(&["10.1.0.0/16", "11.0.0.0/16"]).within(&wide));
        assert!(!wide.within(&networks(&["10.0.0.0/9", "10.128.0.0/9"])));
    }

    #[test]
    fn what_is_no_block_is_told_by_its_place() {
        let wrong = ["10.0.0.0/8", "10.0.0.0/33", "", "example.com", "0.0.0.0/0", "::ffff:10.0.0.0/104", "010.0.0.1"];
        assert_eq!(Networks::parse(wrong), Err(vec![1, 2, 3, 5, 6]));
    }
}
