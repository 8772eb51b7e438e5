//! Who an issuer of OpenID Connect says that somebody is.

use std::time::Duration;

use bulkhead_connections::GrantedTokens;
use bulkhead_identity::{EmailAddress, ExternalPerson, IdTokenRules, StandardClaims, UnverifiedIdToken};
use bulkhead_kernel::http::HttpClient;
use bulkhead_kernel::{Secret, Timestamp};

use crate::complete::CompleteError;
use crate::discovery::{DiscoveryCache, Metadata};
use crate::fetch::get;
use crate::provider::Provider;

/// How far an issuer's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(30);
/// The longest ID token: bytes.
const MAX_TOKEN: usize = 16 << 10;
/// The longest subject (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// Whom an issuer is asked about.
pub(crate) struct Asked<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) metadata: &'a Metadata,
    pub(crate) tokens: &'a GrantedTokens,
    pub(crate) nonce: &'a Secret,
}

/// Who it is: what the ID token proves, and the address from the userinfo endpoint where the token has none.
pub(crate) async fn person(
    asked: &Asked<'_>,
    http: &dyn HttpClient,
    cache: &DiscoveryCache,
    now: Timestamp,
) -> Result<ExternalPerson, CompleteError> {
    let Asked { provider, metadata, tokens, nonce } = asked;
    let token = tokens.id_token.as_ref().ok_or(CompleteError::NoIdToken)?;
    let client_id = &provider.client.id;
    let (issuer, access_token) = (&metadata.issuer, &tokens.access_token);
    let rules = IdTokenRules { issuer, client_id, nonce, access_token, leeway: LEEWAY, max_bytes: MAX_TOKEN };
    let unverified = UnverifiedIdToken::parse(token.expose(), &rules).map_err(CompleteError::IdToken)?;
    let keys = cache.keys(http, metadata, &unverified.key_id, now).await?;
    let proven = unverified.verify(keys.find(&unverified.key_id), &rules, now).map_err(CompleteError::IdToken)?;
    if proven.sub.chars().count() > MAX_SUBJECT || proven.sub.contains(char::is_control) {
        return Err(CompleteError::Subject);
    }
    let claims = match (&proven.email, &metadata.userinfo_endpoint) {
        (None, Some(endpoint)) => {
            let said: StandardClaims =
                get(http, endpoint, Some(&tokens.access_token), &[]).await.map_err(CompleteError::Person)?;
            // Section 5.3.2: it may be about somebody else.
            if said.sub != proven.sub {
                return Err(CompleteError::Subject);
            }
            said
        }
        _ => proven.clone(),
    };
    Ok(ExternalPerson {
        provider: provider.slug.clone(),
        issuer: metadata.issuer.clone(),
        email: claims.verified_email().and_then(address),
        name: claims.name.or(proven.name),
        login: claims.preferred_username.or(proven.preferred_username),
        subject: proven.sub,
    })
}

/// An address that a provider has seen to be somebody's. Of ASCII alone: others that look alike, or become alike in lower
/// case, are other people's.
pub(crate) fn address(text: &str) -> Option<EmailAddress> {
    text.is_ascii().then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_only_becomes_anothers_is_none() {
        assert_eq!(address("Mike@Example.com").as_ref().map(EmailAddress::as_str), Some("mike@example.com"));
        // The Kelvin sign is a k in lower case.
        assert_eq!("mi\u{212a}e@example.com".to_lowercase(), "mike@example.com");
        for other in ["mi\u{212a}e@example.com", "mike@ex\u{e4}mple.com", "mike", ""] {
            assert_eq!(address(other), None, "{other}");
        }
    }
}
