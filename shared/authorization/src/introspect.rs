//! What a token is (RFC 7662).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_identity::{Session, TokenTerms, find_refreshable, find_session};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Ports};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Failure;
use crate::parameters::Parameters;
use crate::revoke::session_of_access_token;

/// Who asks.
#[derive(Debug)]
pub enum Introspector<'a> {
    /// A client with a secret: it is told of its own tokens.
    Client(&'a Client),
    /// A user: they are told of tokens that they granted in the same organisation.
    Caller(&'a Caller),
}

impl Introspector<'_> {
    fn may_see(&self, session: &Session) -> bool {
        match self {
            Self::Client(client) => session.client_id.as_deref() == Some(&client.id),
            Self::Caller(caller) => session.user == caller.user && session.organization == caller.organization,
        }
    }
}

/// The answer about a token. One that is no token, no longer good, or none of the asker's business is not active, and nothing
/// else is said of it (section 2.2).
///
/// # Errors
/// [`Failure`].
pub async fn introspect(
    ports: &Ports,
    terms: &[TokenTerms],
    issuer: &str,
    asker: &Introspector<'_>,
    form: &Parameters,
) -> Result<Value, Failure> {
    let token = form.required("token")?;
    let (session, claims) = match find_refreshable(ports, token).await? {
        Some(session) => (Some(session), None),
        None => of_access_token(ports, terms, token).await?,
    };
    let Some(session) = session.filter(|session| asker.may_see(session)) else {
        return Ok(json!({ "active": false }));
    };
    let seconds = |time: bulkhead_kernel::Timestamp| time.as_millis() / 1000;
    let mut answer = json!({
        "active": true,
        "iss": issuer,
        "aud": session.audience,
        "sub": session.user,
        "org": session.organization,
        "client_id": session.client_id,
        "scope": session.scopes.as_text(),
        "exp": seconds(session.expires_at),
        "iat": seconds(session.created_at),
        "token_type": "refresh_token",
    });
    if let (Some(object), Some(claims)) = (answer.as_object_mut(), claims) {
        object.insert("token_type".to_owned(), json!("Bearer"));
        for name in ["exp", "iat", "nbf", "jti"] {
            object.insert(name.to_owned(), claims[name].clone());
        }
    }
    if let Some(object) = answer.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    Ok(answer)
}

async fn of_access_token(
    ports: &Ports,
    terms: &[TokenTerms],
    token: &str,
) -> Result<(Option<Session>, Option<Value>), SqlError> {
    let Some(id) = session_of_access_token(ports, terms, token).await? else { return Ok((None, None)) };
    // Verified a moment ago.
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = claims.and_then(|json| serde_json::from_slice(&json).ok());
    Ok((find_session(ports, id).await?, claims))
}
