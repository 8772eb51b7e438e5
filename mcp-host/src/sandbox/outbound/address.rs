//! Which addresses a request may be sent to.
//!
//! A host name of a manifest must lead to public addresses alone. One that the operator configured may be in a private
//! network; an address that is neither, such as a link-local one, must be written out in the operator's URL. What no
//! host has, and the addresses at which clouds hand out a machine's identity to whoever asks, are never reached by a
//! name, whoever wrote it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::Host;

use super::failure::OutboundError;
use crate::sandbox::grants::Destination;

/// What an address is for. What is not certain is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The public internet.
    Public,
    /// A host's own, a private network's (RFC 1918, 4193) or a provider's behind NAT (RFC 6598).
    Private,
    /// Link-local, reserved, for documentation or benchmarks, a transition mechanism's, or a cloud's metadata.
    Special,
    /// Unspecified, broadcast or multicast: no single host.
    NoHost,
}

/// Where clouds tell a machine who it is, outside the link-local range: Alibaba, Azure, Oracle.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];
/// The same by IPv6, where it looks like a private network's: AWS (EC2, and EKS Pod Identity), Google, Oracle.
const METADATA_V6: [Ipv6Addr; 4] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// Step 4: whether the destination's grant allows all of these addresses. One that it does not allow condemns the name:
/// the others may be there to make it look harmless.
pub(super) fn check_all(addresses: &[SocketAddr], destination: &Destination) -> Result<(), OutboundError> {
    addresses.iter().try_for_each(|address| check(address.ip(), destination))
}

fn check(address: IpAddr, destination: &Destination) -> Result<(), OutboundError> {
    let written_out = match destination.origin.host {
        Host::Ipv4(host) => IpAddr::V4(host) == address,
        Host::Ipv6(host) => IpAddr::V6(host) == address,
        Host::Domain(_) => false,
    };
    let allowed = match scope(address) {
        Scope::Public => true,
        Scope::Private => destination.private,
        Scope::Special => destination.private && written_out,
        Scope::NoHost => false,
    };
    if allowed { Ok(()) } else { Err(OutboundError::AddressProhibited) }
}

fn scope(address: IpAddr) -> Scope {
    match address {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => scope_v6(address),
    }
}

fn scope_v4(address: Ipv4Addr) -> Scope {
    if METADATA_V4.contains(&address) {
        return Scope::Special;
    }
    match address.octets() {
        [0, ..] | [224..=239, ..] | [255, 255, 255, 255] => Scope::NoHost,
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Scope::Private,
        // Link-local (RFC 3927), protocol assignments (RFC 6890), 6to4 relays (RFC 7526), benchmarks (RFC 2544),
        // documentation (RFC 5737), reserved (RFC 1112).
        [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => Scope::Special,
        _ => Scope::Public,
    }
}

fn scope_v6(address: Ipv6Addr) -> Scope {
    if METADATA_V6.contains(&address) {
        return Scope::Special;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] | [0xff00..=0xffff, ..] => Scope::NoHost,
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Scope::Private,
        // An address that carries an IPv4 address is what that one is: mapped (RFC 4291), NAT64 (RFC 6052), 6to4
        // (RFC 3056). Compatible ones (::/96), local NAT64 (RFC 8215) and Teredo (RFC 4380) fall through to what is
        // special, whatever they carry: nobody serves there, and where the last two lead is the network's choice.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            scope_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments with Teredo and benchmarks (RFC 2928), documentation (RFC 3849, RFC 9637).
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Scope::Special,
        // Global unicast is 2000::/3 and nothing else.
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::Special,
    }
}

#[cfg(test)]
mod tests;
