//! Making an access token.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::id::{OrganizationId, SessionId, UserId};
use bulkhead_kernel::{Ports, Scopes, Secret};
use serde_json::json;

use super::keys::{InvalidSigningKey, SigningKeys};

/// What an access token says.
#[derive(Clone, Debug)]
pub struct AccessGrant<'a> {
    /// Who issues it: the public URL.
    pub issuer: &'a str,
    /// Whom it is for: a URL below it.
    pub audience: &'a str,
    /// Who.
    pub user: UserId,
    /// In which organisation.
    pub organization: OrganizationId,
    /// What it ends with.
    pub session: SessionId,
    /// The OAuth client; the user's own session when absent.
    pub client: Option<&'a str>,
    /// What it may do.
    pub scopes: &'a Scopes,
}

impl SigningKeys {
    /// A token that is good from now on, for so long.
    ///
    /// # Errors
    /// [`InvalidSigningKey`] when there is no key.
    pub fn issue(
        &self,
        ports: &Ports,
        grant: &AccessGrant<'_>,
        lifetime: Duration,
    ) -> Result<Secret, InvalidSigningKey> {
        let key_id = self.current_id().ok_or(InvalidSigningKey)?;
        let now = ports.now().as_millis() / 1000;
        let expiry = now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let id: SessionId = ports.new_id();
        let header = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": key_id });
        let mut claims = json!({
            "iss": grant.issuer,
            "aud": grant.audience,
            "sub": grant.user.to_string(),
            "org": grant.organization.to_string(),
            "sid": grant.session.to_string(),
            // RFC 9068 demands one. A session of our own pages has no other client than ourselves.
            "client_id": grant.client.unwrap_or(grant.issuer),
            "jti": id.to_string(),
            "iat": now,
            "nbf": now,
            "exp": expiry,
        });
        if let Some(scope) = grant.scopes.as_text() {
            claims["scope"] = json!(scope);
        }
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.sign(message.as_bytes()).ok_or(InvalidSigningKey)?;
        Ok(Secret::new(format!("{message}.{signature}")))
    }
}
