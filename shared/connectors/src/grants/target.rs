//! A request's address, read as every server on its way may read it.
//!
//! The address is parsed as a URL (WHATWG), so that decimal, octal and hexadecimal spellings of an IPv4 address,
//! percent-encoded and internationalised host names, letter case and default ports make no difference. What changes by
//! being read, or what two servers may read differently, is not what it seems and is refused.

use http::Uri;
use url::Url;

use super::path::is_plain;

/// The request's URL, when there is only one way to read it.
pub(super) fn read(uri: &Uri) -> Option<Url> {
    let authority = uri.authority()?;
    // A user name before the host is a known way to make an address look like another one.
    if authority.as_str().contains('@') {
        return None;
    }
    let url = Url::parse(&uri.to_string()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // Dot segments, backslashes, tabs and letters outside ASCII are what changes a path by being read.
    (url.path() == uri.path() && is_plain(url.path())).then_some(url)
}
