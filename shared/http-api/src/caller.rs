//! `Authorization: Bearer …`, or a browser's cookie → [`Caller`].

use axum::extract::FromRequestParts;
use bulkhead_identity::{authenticate_key, authenticate_token, is_api_key};
use bulkhead_kernel::Caller;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::{Api, Audience, Peer, Problem};

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        // A cookie is for REST alone: pages have no business at the MCP endpoint.
        if api.audience == Audience::Rest && !parts.headers.contains_key(AUTHORIZATION) {
            return crate::browser::caller(parts, api).await;
        }
        let credential = bearer(&parts.headers).map_err(Problem::unauthenticated)?;
        if is_api_key(credential) {
            let Peer(peer) = Peer::of(&parts.extensions);
            return Ok(authenticate_key(&api.ports, credential, peer).await?);
        }
        let terms = api.token_terms().await?;
        Ok(authenticate_token(&api.ports, &terms, credential).await?)
    }
}

/// The credential of the one `Authorization` header (RFC 6750). Two are a confusion that somebody may profit from.
///
/// # Errors
/// Why there is none, for the log.
pub fn bearer(headers: &HeaderMap) -> Result<&str, &'static str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or("no Authorization header")?;
    if values.next().is_some() {
        return Err("more than one Authorization header");
    }
    let value = value.to_str().map_err(|_| "the Authorization header is not plain text")?;
    let (scheme, credential) = value.split_once(' ').ok_or("the Authorization header has no credential")?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("the Authorization header has another scheme than Bearer");
    }
    Ok(credential.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for value in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            assert_eq!(bearer(&with(&[value])), Ok("abc"), "{value}");
        }
    }

    #[test]
    fn what_is_no_single_bearer_credential_is_refused() {
        for values in [&[][..], &["abc"], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer b"]] {
            assert!(bearer(&with(values)).is_err(), "{values:?}");
        }
    }
}
