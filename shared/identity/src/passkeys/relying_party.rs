//! Who asks for passkeys: this installation, by its public URL.

use core::net::IpAddr;

use http::Uri;
use webauthn_rp::request::{AsciiDomain, DomainOrigin, RpId};

/// What passkeys are bound to. They work at this origin alone; whoever moves an installation to another domain loses them.
#[derive(Debug)]
pub struct RelyingParty {
    id: RpId,
    origin: String,
}

/// Browsers have no passkeys for this address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("passkeys need a public_url that is https with a domain name, or http://localhost; it is {0:?}")]
pub struct PasskeysUnavailable(String);

impl RelyingParty {
    /// The one of an installation with this address.
    ///
    /// # Errors
    /// [`PasskeysUnavailable`] when it is no secure context (W3C Secure Contexts), or an IP address.
    pub fn of(public_url: &str) -> Result<Self, PasskeysUnavailable> {
        let unavailable = || PasskeysUnavailable(public_url.to_owned());
        let uri: Uri = public_url.parse().map_err(|_| unavailable())?;
        let host = uri.host().ok_or_else(unavailable)?.to_ascii_lowercase();
        let local = host == "localhost" || host.ends_with(".localhost");
        let (scheme, usual) = match uri.scheme_str() {
            Some("https") => ("https", 443),
            Some("http") if local => ("http", 80),
            _ => return Err(unavailable()),
        };
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return Err(unavailable());
        }
        // As browsers write it: without the usual port.
        let port = uri.port_u16().filter(|port| *port != usual).map_or_else(String::new, |port| format!(":{port}"));
        let origin = format!("{scheme}://{host}{port}");
        let id = AsciiDomain::try_from(host).map_err(|_| unavailable())?;
        Ok(Self { id: RpId::Domain(id), origin })
    }

    pub(super) fn id(&self) -> &RpId {
        &self.id
    }

    /// The one origin from which answers are taken.
    ///
    /// # Errors
    /// Never: it is one.
    pub(super) fn origin(&self) -> Result<DomainOrigin<'_, '_>, PasskeysUnavailable> {
        DomainOrigin::try_from(self.origin.as_str()).map_err(|_| PasskeysUnavailable(self.origin.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_public_url_without_what_is_no_origin() {
        for (url, id, origin) in [
            ("https://bulkhead.example.com", "bulkhead.example.com", "https://bulkhead.example.com"),
            ("https://Bulkhead.Example.com:443/", "bulkhead.example.com", "https://bulkhead.example.com"),
            ("https://b.example:8443/path", "b.example", "https://b.example:8443"),
            ("http://localhost:3000", "localhost", "http://localhost:3000"),
            ("http://b.localhost:80", "b.localhost", "http://b.localhost"),
        ] {
            let party = RelyingParty::of(url).expect(url);
            assert_eq!((party.id.as_ref(), party.origin.as_str()), (id, origin));
            assert!(party.origin().is_ok());
        }
    }

    #[test]
    fn browsers_have_none_for_addresses_and_without_tls() {
        for url in [
            "http://bulkhead.example.com",
            "http://127.0.0.1:3000",
            "https://10.0.0.1",
            "https://[::1]:3000",
            "http://notlocalhost",
            "ftp://localhost",
            "localhost",
            "",
        ] {
            assert_eq!(RelyingParty::of(url).expect_err(url), PasskeysUnavailable(url.to_owned()));
        }
    }
}
