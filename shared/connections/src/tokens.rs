//! A provider's token endpoint, over the kernel's port.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bulkhead_connectors::oauth::{BodyFormat, ClientAuthentication, OauthProvider, Revocation};
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bulkhead_kernel::{Secret, Timestamp};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::{sane_code, standard};
use crate::clients::OauthClient;

const AGENT: &str = concat!("bulkhead/", env!("CARGO_PKG_VERSION"));

/// Tokens that a provider gave.
#[derive(Clone, Debug)]
pub struct GrantedTokens {
    /// What proves who the caller is.
    pub access_token: Secret,
    /// What new tokens are had for; the one before stays good when there is none.
    pub refresh_token: Option<Secret>,
    /// What the provider says of who signed in there (OpenID Connect Core 1.0, section 2); not looked at.
    pub id_token: Option<Secret>,
    /// How long the access token lives; for ever when absent.
    pub expires_in: Option<Duration>,
    /// What was granted; what was asked for when absent.
    pub scopes: Option<Vec<String>>,
    /// The account, as the provider calls it.
    pub account: Option<String>,
}

impl GrantedTokens {
    /// When the access token expires.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.expires_in.map(|lifetime| now.plus(lifetime))
    }
}

/// Why there are no tokens. None of these repeats what was sent or what came back, but for a code of an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The code or the refresh token is not good, any more.
    #[error("the provider does not accept the grant any more")]
    InvalidGrant,
    /// The provider refuses for another reason, which trying again will not change.
    #[error("the provider refuses: {0}")]
    Refused(String),
    /// The provider can't be reached or can't answer now.
    #[error("the provider can't be asked now: {0}")]
    Unavailable(String),
    /// The answer makes no sense.
    #[error("the provider's answer makes no sense")]
    Malformed,
}

impl TokenError {
    /// A code for a connection's reason and the audit trail.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidGrant => "invalid_grant",
            Self::Refused(code) => code,
            Self::Unavailable(_) => "provider_unavailable",
            Self::Malformed => "provider_answer_malformed",
        }
    }
}

/// What answers have beyond the standard.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Extra {
    #[serde(default)]
    bulkhead_account: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for Extra {}

type TokenAnswer = StandardTokenResponse<Extra, BasicTokenType>;
type OauthClientOf = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// A provider, a client that is registered with it, and the way there.
pub struct TokenEndpoint<'a> {
    provider: &'a OauthProvider,
    client: &'a OauthClient,
    http: &'a dyn HttpClient,
    limits: HttpLimits,
}

impl<'a> TokenEndpoint<'a> {
    /// That provider's.
    #[must_use]
    pub fn new(
        provider: &'a OauthProvider,
        client: &'a OauthClient,
        http: &'a dyn HttpClient,
        limits: HttpLimits,
    ) -> Self {
        Self { provider, client, http, limits }
    }

    /// The address that a browser is sent to. `verifier` is PKCE's.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] when the provider's addresses are none.
    pub fn authorize_url(
        &self,
        redirect_uri: &str,
        scopes: &[String],
        state: &Secret,
        verifier: &Secret,
    ) -> Result<String, TokenError> {
        let client = self.oauth_client(Some(redirect_uri))?;
        let state = CsrfToken::new(state.expose().to_owned());
        let mut request = client.authorize_url(|| state);
        if !scopes.is_empty() {
            request = request
                .add_extra_param(self.provider.scope_parameter.clone(), scopes.join(&self.provider.scope_separator));
        }
        if self.provider.pkce {
            let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
            request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        }
        for (name, value) in &self.provider.authorize_parameters {
            request = request.add_extra_param(name.clone(), value.clone());
        }
        Ok(request.url().0.to_string())
    }

    /// Exchanges a code.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn exchange(
        &self,
        redirect_uri: &str,
        code: &Secret,
        verifier: &Secret,
    ) -> Result<GrantedTokens, TokenError> {
        let client = self.oauth_client(Some(redirect_uri))?;
        let mut request = client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        if self.provider.pkce {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
        }
        for (name, value) in &self.provider.token_parameters {
            request = request.add_extra_param(name.clone(), value.clone());
        }
        let transport = Transport { endpoint: self, fault: Mutex::new(None) };
        let answer = request.request_async(&transport).await;
        read(answer, &transport.fault)
    }

    /// Has a new token for a refresh token.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<GrantedTokens, TokenError> {
        let client = self.oauth_client(None)?;
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in &self.provider.refresh_parameters {
            request = request.add_extra_param(name.clone(), value.clone());
        }
        let transport = Transport { endpoint: self, fault: Mutex::new(None) };
        let answer = request.request_async(&transport).await;
        read(answer, &transport.fault)
    }

    /// Revokes tokens (RFC 7009), the refresh token first; nothing where the provider has no way to.
    ///
    /// # Errors
    /// [`TokenError`] when the provider did not say that it has.
    pub async fn revoke(&self, access_token: &Secret, refresh_token: Option<&Secret>) -> Result<(), TokenError> {
        let Some(url) = &self.provider.revoke_url else { return Ok(()) };
        let url = url.replace("{client_id}", &self.client.id);
        match self.provider.revocation {
            Revocation::Standard => {
                if let Some(token) = refresh_token {
                    self.revoke_one(&url, token, "refresh_token").await?;
                }
                self.revoke_one(&url, access_token, "access_token").await
            }
            Revocation::Bearer => {
                let request = Request::post(&url).header(AUTHORIZATION, sensitive("Bearer ", access_token)?);
                let answer = self.send(request.body(Vec::new()).map_err(|_| TokenError::Malformed)?).await;
                revoked(&answer.map_err(unavailable)?)
            }
            Revocation::DeleteJson => {
                let body = object([("access_token", access_token.expose())]);
                let request = Request::builder().method(Method::DELETE).uri(&url);
                let request = request.header(AUTHORIZATION, self.basic()?).header(CONTENT_TYPE, "application/json");
                let answer = self.send(request.body(body).map_err(|_| TokenError::Malformed)?).await;
                revoked(&answer.map_err(unavailable)?)
            }
        }
    }

    async fn revoke_one(&self, url: &str, token: &Secret, hint: &str) -> Result<(), TokenError> {
        let mut members = vec![("token", token.expose()), ("token_type_hint", hint)];
        let mut request = Request::post(url);
        match (self.provider.client_authentication, &self.client.secret) {
            (ClientAuthentication::Basic, Some(_)) => request = request.header(AUTHORIZATION, self.basic()?),
            (ClientAuthentication::Post, Some(secret)) => {
                members.push(("client_id", &self.client.id));
                members.push(("client_secret", secret.expose()));
            }
            (ClientAuthentication::None, _) | (_, None) => members.push(("client_id", &self.client.id)),
        }
        let (kind, body) = match self.provider.body {
            BodyFormat::Json => ("application/json", object(members)),
            BodyFormat::Form => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                ("application/x-www-form-urlencoded", form.extend_pairs(members).finish().into_bytes())
            }
        };
        let request = request.header(CONTENT_TYPE, kind).body(body).map_err(|_| TokenError::Malformed)?;
        revoked(&self.send(request).await.map_err(unavailable)?)
    }

    /// RFC 6749, section 2.3.1: both parts are encoded as in a form first.
    fn basic(&self) -> Result<HeaderValue, TokenError> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let secret = self.client.secret.as_ref().map_or("", Secret::expose);
        let pair = Secret::new(format!("{}:{}", encode(&self.client.id), encode(secret)));
        sensitive("Basic ", &Secret::new(STANDARD.encode(pair.expose())))
    }

    fn oauth_client(&self, redirect_uri: Option<&str>) -> Result<OauthClientOf, TokenError> {
        let malformed = |_| TokenError::Malformed;
        let client = Client::new(ClientId::new(self.client.id.clone()))
            .set_auth_uri(AuthUrl::new(self.provider.authorize_url.clone()).map_err(malformed)?)
            .set_token_uri(TokenUrl::new(self.provider.token_url.clone()).map_err(malformed)?)
            .set_auth_type(match self.provider.client_authentication {
                ClientAuthentication::Basic => AuthType::BasicAuth,
                ClientAuthentication::Post | ClientAuthentication::None => AuthType::RequestBody,
            });
        let client = match (self.provider.client_authentication, &self.client.secret) {
            (ClientAuthentication::Basic | ClientAuthentication::Post, Some(secret)) => {
                client.set_client_secret(ClientSecret::new(secret.expose().to_owned()))
            }
            _ => client,
        };
        Ok(match redirect_uri {
            Some(uri) => client.set_redirect_uri(RedirectUrl::new(uri.to_owned()).map_err(malformed)?),
            None => client,
        })
    }

    /// Sends a request of crate `oauth2` and gives it the answer that the standard has. What went wrong on the way is left
    /// in `fault`.
    async fn send_standard(
        &self,
        request: HttpRequest,
        fault: &Mutex<Option<TokenError>>,
    ) -> Result<HttpResponse, Interrupted> {
        let note = |error| {
            *fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
            Interrupted
        };
        let request = match self.provider.body {
            BodyFormat::Form => request,
            BodyFormat::Json => as_json(request),
        };
        let answer = self.send(request).await.map_err(|error| note(unavailable(error)))?;
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(note(TokenError::Unavailable(format!("status {}", status.as_u16()))));
        }
        let read = standard(self.provider, status.as_u16(), answer.body());
        let (status, body) = read.ok_or_else(|| note(TokenError::Malformed))?;
        let standard = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
        standard.body(body.to_string().into_bytes()).map_err(|_| note(TokenError::Malformed))
    }

    async fn send(&self, request: HttpRequest) -> Result<Response<Bytes>, HttpError> {
        let mut request = request.map(Bytes::from);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in &self.provider.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        self.http.send(request, self.limits).await
    }
}

/// The way of crate `oauth2` to the endpoint, and what went wrong on it.
struct Transport<'a> {
    endpoint: &'a TokenEndpoint<'a>,
    fault: Mutex<Option<TokenError>>,
}

impl<'c> AsyncHttpClient<'c> for Transport<'_> {
    type Error = Interrupted;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Interrupted>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.endpoint.send_standard(request, &self.fault))
    }
}

/// Crate `oauth2` is told no more than that there is no answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("there is no answer")]
struct Interrupted;

type Answered = Result<TokenAnswer, RequestTokenError<Interrupted, BasicErrorResponse>>;

/// Its own errors may hold bodies, so nothing of them is passed on but a code.
fn read(answer: Answered, fault: &Mutex<Option<TokenError>>) -> Result<GrantedTokens, TokenError> {
    let answer = answer.map_err(|error| match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => TokenError::InvalidGrant,
            other => TokenError::Refused(sane_code(other.as_ref())),
        },
        RequestTokenError::Request(Interrupted) => {
            let noted = fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            noted.unwrap_or(TokenError::Malformed)
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => TokenError::Malformed,
    })?;
    let secret = |text: &str| Secret::new(text.to_owned());
    Ok(GrantedTokens {
        access_token: secret(answer.access_token().secret()),
        refresh_token: answer.refresh_token().map(|token| secret(token.secret())),
        id_token: answer.extra_fields().id_token.as_deref().map(secret),
        expires_in: answer.expires_in(),
        scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        account: answer.extra_fields().bulkhead_account.clone(),
    })
}

fn unavailable(error: HttpError) -> TokenError {
    TokenError::Unavailable(error.to_string())
}

/// A token that is not known any more is as good as revoked.
fn revoked(answer: &Response<Bytes>) -> Result<(), TokenError> {
    let status = answer.status();
    if status.is_success() || matches!(status.as_u16(), 400 | 401 | 404 | 422) {
        return Ok(());
    }
    Err(TokenError::Unavailable(format!("status {}", status.as_u16())))
}

fn sensitive(prefix: &str, secret: &Secret) -> Result<HeaderValue, TokenError> {
    let text = Secret::new(format!("{prefix}{}", secret.expose()));
    let mut header = HeaderValue::from_str(text.expose()).map_err(|_| TokenError::Malformed)?;
    header.set_sensitive(true);
    Ok(header)
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let members: Map<String, Value> =
        members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    Value::Object(members).to_string().into_bytes()
}

/// The same request with its form as a JSON object.
fn as_json(request: HttpRequest) -> HttpRequest {
    let (mut head, form) = request.into_parts();
    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let members: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(&form).collect();
    let body = object(members.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
    Request::from_parts(head, body)
}
