//! A request's address, read as every server on its way may read it.
//!
//! The address is parsed as a URL (WHATWG), so that decimal, octal and hexadecimal spellings of an IPv4 address,
//! percent-encoded and internationalised host names, letter case and default ports make no difference. What changes by
//! being read, or what two servers may read differently, is not what it seems and is refused.

use http::Uri;
use url::Url;

/// How often a path may be encoded over and over. Whatever still changes after that is refused.
const MAX_ENCODINGS: usize = 8;

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

/// Whether no server can find a way up, or the end of a line, in the path, however often it decodes it.
fn is_plain(path: &str) -> bool {
    let mut path = path.as_bytes().to_vec();
    for _ in 0..MAX_ENCODINGS {
        if misleads(&path) {
            return false;
        }
        let decoded = decode(&path);
        if decoded == path {
            return true;
        }
        path = decoded;
    }
    false
}

/// Whether a segment is `.` or `..`, or a character is a control or no UTF-8. Some servers take a backslash or an overlong
/// encoding of a slash for a slash, and cut a segment at its semicolon.
fn misleads(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
    let climbs = segments.any(|segment| {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        matches!(name, b"." | b"..")
    });
    climbs || path.iter().any(u8::is_ascii_control) || std::str::from_utf8(path).is_err()
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |index: usize| after.get(index).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &after[2..];
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    decoded
}
