//! Where a request comes from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use bulkhead_http_api::Api;
use bulkhead_identity::SessionOrigin;
use http::header::{HeaderName, USER_AGENT};
use http::request::Parts;

/// Spin and the embedded runtime set it, whatever the client has sent.
const CLIENT: HeaderName = HeaderName::from_static("spin-client-addr");

/// As much of a client's name as is kept: characters.
const MAX_USER_AGENT: usize = 200;

/// Where a request comes from, for whoever looks through their sessions.
pub(crate) struct Origin(pub(crate) SessionOrigin);

impl FromRequestParts<Api> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let user_agent = header(USER_AGENT).map(|text| text.chars().take(MAX_USER_AGENT).collect());
        // `address:port`; the port says nothing about who it is.
        let address = header(CLIENT).map(|client| client.rsplit_once(':').map_or(client, |(address, _)| address));
        let address = address.map(|address| address.trim_matches(['[', ']']).to_owned());
        Ok(Self(SessionOrigin { user_agent, address }))
    }
}
