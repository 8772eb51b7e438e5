//! Who asks at the token endpoint (RFC 6749, section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bulkhead_identity::{OpaqueToken, Purpose};
use bulkhead_kernel::{Ports, Secret};
use subtle::ConstantTimeEq;

use super::document::ClientDocuments;
use super::find::find_client;
use super::model::{Client, TokenAuthMethod};
use crate::error::{Code, Failure, OAuthError};
use crate::parameters::Parameters;
use crate::policy::Policy;

/// What a client has presented.
#[derive(Debug)]
pub struct PresentedClient {
    id: String,
    method: TokenAuthMethod,
    secret: Option<Secret>,
}

fn refused() -> OAuthError {
    OAuthError::new(Code::InvalidClient, "the client is unknown, or did not prove to be itself as it is registered")
}

impl PresentedClient {
    /// Reads it from the `Authorization` header, if there is one, and the form. A client uses one way, not two.
    ///
    /// # Errors
    /// `invalid_client` or `invalid_request`.
    pub fn read(authorization: Option<&str>, form: &Parameters) -> Result<Self, OAuthError> {
        let (id, secret) = (form.optional("client_id")?, form.optional("client_secret")?);
        let Some(header) = authorization else {
            let id = id.ok_or_else(refused)?.to_owned();
            return Ok(match secret {
                None => Self { id, method: TokenAuthMethod::None, secret: None },
                Some(secret) => {
                    let secret = Some(Secret::new(secret.to_owned()));
                    Self { id, method: TokenAuthMethod::ClientSecretPost, secret }
                }
            });
        };
        let (basic_id, basic_secret) = basic(header).ok_or_else(refused)?;
        if secret.is_some() || id.is_some_and(|id| id != basic_id) {
            return Err(OAuthError::new(Code::InvalidRequest, "the client presents itself in two ways; use one"));
        }
        Ok(Self { id: basic_id, method: TokenAuthMethod::ClientSecretBasic, secret: Some(basic_secret) })
    }
}

/// Id and secret, each form-encoded before they were put together.
fn basic(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let decode = |text: &str| {
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        let (decoded, value) = pairs.next()?;
        (value.is_empty() && pairs.next().is_none()).then(|| decoded.into_owned())
    };
    Some((decode(id)?, Secret::new(decode(secret)?)))
}

/// The client, once it has proven to be itself in the way that it is registered for.
///
/// # Errors
/// `invalid_client`.
pub async fn authenticate_client(
    ports: &Ports,
    documents: &dyn ClientDocuments,
    policy: &Policy,
    presented: &PresentedClient,
) -> Result<Client, Failure> {
    let client = find_client(ports, documents, policy, &presented.id).await?;
    if client.auth_method != presented.method {
        return Err(refused().into());
    }
    let proven = match (&client.secret_hash, &presented.secret) {
        (None, None) => true,
        (Some(hash), Some(secret)) => OpaqueToken::parse(Purpose::ClientSecret, secret.expose())
            .is_ok_and(|secret| secret.hash().as_bytes().ct_eq(hash.as_bytes()).into()),
        _ => false,
    };
    if proven { Ok(client) } else { Err(refused().into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: Option<&str>, form: &str) -> Result<(String, TokenAuthMethod), Code> {
        let presented = PresentedClient::read(header, &Parameters::parse(form.as_bytes()));
        presented.map(|presented| (presented.id, presented.method)).map_err(|error| error.code)
    }

    #[test]
    fn a_client_presents_itself_in_one_way() {
        let header = format!("Basic {}", STANDARD.encode("https%3A%2F%2Fa:s%2Bt"));
        let id = "https://a".to_owned();
        assert_eq!(read(Some(&header), ""), Ok((id.clone(), TokenAuthMethod::ClientSecretBasic)));
        assert_eq!(read(Some(&header), "client_id=https://a"), Ok((id, TokenAuthMethod::ClientSecretBasic)));
        assert_eq!(read(None, "client_id=a"), Ok(("a".to_owned(), TokenAuthMethod::None)));
        assert_eq!(read(None, "client_id=a&client_secret=b"), Ok(("a".to_owned(), TokenAuthMethod::ClientSecretPost)));
        for form in ["client_id=b", "client_secret=b"] {
            assert_eq!(read(Some(&header), form), Err(Code::InvalidRequest));
        }
        assert_eq!(read(None, "client_id=a&client_id=a"), Err(Code::InvalidRequest));
        assert_eq!(read(None, "client_secret=b"), Err(Code::InvalidClient));
        for header in ["Bearer x", "Basic", "Basic !", &format!("Basic {}", STANDARD.encode("no colon"))] {
            assert_eq!(read(Some(header), "client_id=a"), Err(Code::InvalidClient), "{header}");
        }
    }
}
