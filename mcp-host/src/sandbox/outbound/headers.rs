//! Step 2: what a guest may not say in its headers. Its request becomes the one that is sent.
//!
//! Most of it is left out rather than refused: an HTTP library in the guest sets some of these by itself, and without
//! them the request still means what its author wanted.

use http::header::{CONTENT_LENGTH, HOST, HeaderMap, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Request, Version, header};

use super::decode::ACCEPT_ENCODING;
use super::failure::OutboundError;
use super::response::header_bytes;
use crate::sandbox::grants::Origin;

/// What tells one hop how to talk to the next (RFC 9110, section 7.6.1). The host is that hop.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
];

/// What proves who somebody is. A connector acts as the account that the host adds, never as one that it brought along:
/// that would be a way out for data, into a stranger's account at a host that is granted.
const CREDENTIALS: [&str; 25] = [
    "authorization",
    "cookie",
    "cookie2",
    "api-key",
    "apikey",
    "x-api-key",
    "x-apikey",
    "x-api-token",
    "x-access-token",
    "x-amz-security-token",
    "x-auth-key",
    "x-auth-token",
    "x-consul-token",
    "x-functions-key",
    "x-goog-api-key",
    "x-jfrog-art-api",
    "x-nomad-token",
    "x-octopus-apikey",
    "x-vault-token",
    "circle-token",
    "dd-api-key",
    "dd-application-key",
    "fastly-key",
    "job-token",
    "private-token",
];

/// What a proxy tells the server behind it about the client, and servers believe.
const FORWARDING: [&str; 9] = [
    "forwarded",
    "via",
    "client-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-remote-user",
    "cf-connecting-ip",
];
/// The same, by how they begin.
const FORWARDING_PREFIXES: [&str; 2] = ["x-forwarded-", "x-envoy-"];

/// What makes a server take another method, host or path than the request's own, which were what was checked.
const OVERRIDES: [&str; 8] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-host",
    "x-http-host-override",
    "x-original-url",
    "x-original-host",
    "x-rewrite-url",
];

/// What a cloud's metadata service wants to see before it talks.
const METADATA: [&str; 4] =
    ["metadata", "metadata-flavor", "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"];

/// What the host says itself: it decodes the answer, and waits for no permission to send a body.
const SET_BY_HOST: [&str; 3] = ["host", "accept-encoding", "expect"];

/// What asks for a part of an answer. Left out where a credential is added: half an echo would pass the leak scan.
const PARTIAL: [HeaderName; 2] = [header::RANGE, header::IF_RANGE];

/// Leaves out or refuses what a guest may not say, and makes the request's head the one that is sent: origin form, the
/// checked host.
pub(super) fn prepare<B>(request: &mut Request<B>, origin: &Origin) -> Result<(), OutboundError> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| OutboundError::InvalidAddress)?;
    *request.version_mut() = Version::HTTP_11;
    // What a guest's side left there is none of the other side's business.
    request.extensions_mut().clear();
    let headers = request.headers_mut();
    check_framing(headers)?;
    strip(headers);
    let host = HeaderValue::from_str(&origin.authority()).map_err(|_| OutboundError::InvalidAddress)?;
    headers.insert(HOST, host);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPT_ENCODING));
    Ok(())
}

/// What a prepared request's head takes up: method, path with query, and headers as [`header_bytes`] counts them.
pub(super) fn head_bytes<B>(request: &Request<B>) -> usize {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let headers = usize::try_from(header_bytes(request.headers())).unwrap_or(usize::MAX);
    (request.method().as_str().len() + path.len()).saturating_add(headers)
}

/// What goes with a request that has a credential.
pub(super) fn prepare_authenticated(headers: &mut HeaderMap) {
    for name in PARTIAL {
        headers.remove(name);
    }
}

/// Two ideas of where a body ends are two requests to somebody (RFC 9112, section 6.3), so what is not plain is refused.
fn check_framing(headers: &HeaderMap) -> Result<(), OutboundError> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(OutboundError::Framing("Transfer-Encoding"));
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let plain = match (lengths.next(), lengths.next()) {
        (None, _) => true,
        (Some(length), None) => {
            let digits = length.as_bytes();
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if plain { Ok(()) } else { Err(OutboundError::Framing("Content-Length")) }
}

fn strip(headers: &mut HeaderMap) {
    // What `Connection` names goes with it.
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| name != CONTENT_LENGTH)
        .collect();
    let left_out: Vec<HeaderName> = headers.keys().filter(|name| is_left_out(name)).cloned().collect();
    for name in named.into_iter().chain(left_out) {
        headers.remove(name);
    }
}

/// The name as CGI and its heirs read it, which can't tell an underscore from a hyphen.
pub(super) fn as_servers_read_it(name: &HeaderName) -> String {
    name.as_str().replace('_', "-")
}

fn is_left_out(name: &HeaderName) -> bool {
    let name = as_servers_read_it(name);
    let lists = [&HOP_BY_HOP[..], &CREDENTIALS, &FORWARDING, &OVERRIDES, &METADATA, &SET_BY_HOST];
    lists.iter().any(|list| list.contains(&name.as_str()))
        || FORWARDING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.starts_with("proxy-")
}

/// Whether a credential may be put into this header: it is the guest's or the host's to say otherwise.
pub(crate) fn can_carry_a_credential(name: &HeaderName) -> bool {
    let lists = [&HOP_BY_HOP[..], &SET_BY_HOST, &OVERRIDES, &METADATA];
    let framing = [CONTENT_LENGTH, TRANSFER_ENCODING, header::CONTENT_TYPE, header::CONTENT_ENCODING];
    !lists.iter().any(|list| list.contains(&name.as_str())) && !framing.contains(name) && !PARTIAL.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[(&str, &str)]) -> Result<HeaderMap, OutboundError> {
        let mut request = Request::builder().uri("https://api.example.com/v1?a=b");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).expect("a request");
        prepare(&mut request, &Origin::of_host("api.example.com").expect("a host"))?;
        assert_eq!(request.uri(), "/v1?a=b");
        Ok(std::mem::take(request.headers_mut()))
    }

    #[test]
    fn what_a_guest_may_not_say_is_left_out() {
        let lists = [&HOP_BY_HOP[..], &CREDENTIALS, &FORWARDING, &OVERRIDES, &METADATA, &SET_BY_HOST];
        let more = [
            "X-Forwarded-For",
            "X_Forwarded_Host",
            "X-Envoy-Original-Path",
            "Proxy-Anything",
            "AUTHORIZATION",
            "x_api_key",
            "X-HTTP-Host-Override",
            "X-Consul-Token",
            "X-Nomad-Token",
            "X-Vault-Token",
            "Circle-Token",
            "Fastly-Key",
            "X-JFrog-Art-Api",
            "X-Octopus-ApiKey",
            "X-Amz-Security-Token",
        ];
        for name in lists.concat().into_iter().chain(more) {
            let headers = sent(&[(name, "evil"), ("accept", "text/plain")]).expect(name);
            assert!(!headers.values().any(|value| value == "evil"), "{name}: {headers:?}");
            assert_eq!(headers["host"], "api.example.com");
            assert_eq!(headers["accept"], "text/plain");
        }
    }

    #[test]
    fn what_connection_names_goes_with_it() {
        let headers =
            sent(&[("connection", "close, X-Secret-Hop"), ("x-secret-hop", "1"), ("x-kept", "2")]).expect("sent");
        assert!(!headers.contains_key("x-secret-hop") && headers.contains_key("x-kept"), "{headers:?}");
    }

    #[test]
    fn two_ideas_of_where_a_body_ends_are_refused() {
        for headers in [
            &[("transfer-encoding", "chunked")][..],
            &[("transfer-encoding", "identity"), ("content-length", "3")],
            &[("content-length", "3"), ("content-length", "4")],
            &[("content-length", "3"), ("content-length", "3")],
            &[("content-length", "+3")],
            &[("content-length", "3, 3")],
            &[("content-length", "0x3")],
            &[("content-length", "")],
        ] {
            assert!(matches!(sent(headers), Err(OutboundError::Framing(_))), "{headers:?}");
        }
        assert_eq!(sent(&[("content-length", "3")]).expect("sent")["content-length"], "3");
    }

    #[test]
    fn the_end_of_a_line_is_no_part_of_a_header() {
        for value in ["a\r\nx-smuggled: 1", "a\nb", "a\rb", "a\0b"] {
            assert!(HeaderValue::from_str(value).is_err() && HeaderValue::from_bytes(value.as_bytes()).is_err());
        }
        assert!(HeaderName::from_bytes(b"a\r\nb").is_err() && HeaderName::from_bytes(b"a: b").is_err());
    }
}
