//! Step 5: the credentials of a call, added to requests to exactly their audience.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bulkhead_kernel::Secret;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use url::form_urlencoded;

use super::failure::OutboundError;
use super::headers::{as_servers_read_it, prepare_authenticated};
use super::leak::Patterns;
use crate::sandbox::credentials::{BoundCredential, CredentialBinding, Injection, MIN_CREDENTIAL_BYTES};
use crate::sandbox::grants::Origin;

/// Why a call can't start with these credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableCredential {
    #[error("the credential {name:?} has no value ({description})")]
    Missing { name: String, description: String },
    #[error("the credential {name:?} has fewer than {MIN_CREDENTIAL_BYTES} bytes: answers can't be scanned for it")]
    TooShort { name: String },
    #[error("the credential {name:?} has characters that can't be sent, such as the end of a line")]
    Unsendable { name: String },
}

impl UnusableCredential {
    /// The credential.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Missing { name, .. } | Self::TooShort { name } | Self::Unsendable { name } => name,
        }
    }
}

/// The credentials of one call. Without any, nothing is added, scanned or paid for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials(Option<Arc<Armed>>);

#[derive(Debug)]
struct Armed {
    credentials: Vec<Bound>,
    /// Headers that are the host's to set, with a value or without, wherever the request goes.
    headers: Vec<String>,
    patterns: Option<Arc<Patterns>>,
}

/// A credential, and whom it is for.
#[derive(Debug)]
struct Bound {
    name: String,
    audience: Origin,
    ready: Ready,
}

/// A credential as it is sent.
#[derive(Debug)]
enum Ready {
    Header(HeaderName, HeaderValue),
    Query(String, Secret),
}

impl Credentials {
    /// The values for a connector's bindings. A value without a binding is left alone.
    pub(crate) fn new(bindings: &[CredentialBinding], values: &[BoundCredential]) -> Result<Self, UnusableCredential> {
        let mut credentials = Vec::new();
        let mut secrets = Vec::new();
        for binding in bindings {
            let name = &binding.name;
            let Some(found) = values.iter().find(|value| value.name == *name) else {
                if binding.required {
                    let description = binding.description.clone();
                    return Err(UnusableCredential::Missing { name: name.clone(), description });
                }
                continue;
            };
            if found.value.expose().len() < MIN_CREDENTIAL_BYTES {
                return Err(UnusableCredential::TooShort { name: name.clone() });
            }
            let unsendable = || UnusableCredential::Unsendable { name: name.clone() };
            let ready = Ready::new(&binding.injection, &found.value).ok_or_else(unsendable)?;
            credentials.push(Bound { name: name.clone(), audience: binding.audience.clone(), ready });
            secrets.push((name.clone(), found.value.clone()));
        }
        if bindings.is_empty() {
            return Ok(Self::default());
        }
        let headers =
            bindings.iter().filter_map(|binding| binding.injection.header().map(as_servers_read_it)).collect();
        let patterns = (!secrets.is_empty()).then(|| Arc::new(Patterns::new(&secrets)));
        Ok(Self(Some(Arc::new(Armed { credentials, headers, patterns }))))
    }

    /// What answers are scanned for, if anything.
    pub(super) fn patterns(&self) -> Option<Arc<Patterns>> {
        self.0.as_ref()?.patterns.clone()
    }

    /// The names of those that a request to this scheme, host and port has.
    pub(super) fn sent_to<'a>(&'a self, origin: &'a Origin) -> impl Iterator<Item = &'a str> {
        let all = self.0.iter().flat_map(|armed| &armed.credentials);
        all.filter(move |bound| bound.audience == *origin).map(|bound| bound.name.as_str())
    }

    /// Adds what is bound to this scheme, host and port.
    pub(super) fn inject<B>(&self, request: &mut Request<B>, origin: &Origin) -> Result<(), OutboundError> {
        let Some(armed) = &self.0 else { return Ok(()) };
        let is_ours = |name: &&HeaderName| armed.headers.contains(&as_servers_read_it(name));
        let guests: Vec<_> = request.headers().keys().filter(is_ours).cloned().collect();
        for name in guests {
            request.headers_mut().remove(name);
        }
        for bound in armed.credentials.iter().filter(|bound| bound.audience == *origin) {
            prepare_authenticated(request.headers_mut());
            match &bound.ready {
                Ready::Header(name, value) => {
                    request.headers_mut().insert(name.clone(), value.clone());
                }
                Ready::Query(name, value) => {
                    let target = with_parameter(request.uri(), name, value);
                    *request.uri_mut() =
                        Uri::from_maybe_shared(shared(target)).map_err(|_| OutboundError::InvalidAddress)?;
                }
            }
        }
        Ok(())
    }
}

impl Ready {
    fn new(injection: &Injection, value: &Secret) -> Option<Self> {
        let sensitive = |text: Secret| {
            let visible = text.expose().bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
            let mut header = visible.then(|| HeaderValue::from_maybe_shared(shared(text)).ok()).flatten()?;
            header.set_sensitive(true);
            Some(header)
        };
        match injection {
            Injection::Header { name, prefix } => {
                let text = Secret::new(format!("{prefix}{}", value.expose()));
                Some(Self::Header(name.clone(), sensitive(text)?))
            }
            Injection::Basic { username } => {
                let pair = Secret::new(format!("{username}:{}", value.expose()));
                if pair.expose().chars().any(char::is_control) {
                    return None;
                }
                let encoded = Secret::new(STANDARD.encode(pair.expose()));
                let text = Secret::new(format!("Basic {}", encoded.expose()));
                Some(Self::Header(http::header::AUTHORIZATION, sensitive(text)?))
            }
            Injection::Query { name } => Some(Self::Query(name.clone(), value.clone())),
        }
    }
}

/// The request's target with this parameter, once: what the guest wrote under that name is left out.
fn with_parameter(uri: &Uri, name: &str, value: &Secret) -> Secret {
    // As large as they can get, so that nothing of the secret stays behind where they were before they grew.
    let most = 3 * (name.len() + value.expose().len()) + 2;
    let mut target = String::with_capacity(uri.path_and_query().map_or(1, |target| target.as_str().len()) + most);
    target.push_str(uri.path());
    let mut separator = '?';
    let others = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && form_urlencoded::parse(pair.as_bytes()).all(|(other, _)| other != name));
    for pair in others {
        target.push(separator);
        target.push_str(pair);
        separator = '&';
    }
    target.push(separator);
    let mut pair = form_urlencoded::Serializer::new(String::with_capacity(most));
    target.push_str(Secret::new(pair.append_pair(name, value.expose()).finish()).expose());
    Secret::new(target)
}

/// For HTTP's types, which keep such bytes where they would copy a text: the last of them to go wipes the memory.
fn shared(text: Secret) -> Bytes {
    struct Owner(Secret);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            self.0.expose().as_bytes()
        }
    }
    Bytes::from_owner(Owner(text))
}
