//! What the operator has set for this function.

use bulkhead_connections::OauthClients;
use bulkhead_http_api::{Api, Problem};

/// The address that providers answer to.
pub(crate) fn redirect_uri(public_url: &str) -> String {
    format!("{public_url}/oauth/callback")
}

/// The clients that the operator has registered.
pub(crate) async fn clients(api: &Api) -> Result<OauthClients, Problem> {
    let text = api.variable("oauth_clients").await?;
    OauthClients::parse(text.expose()).map_err(|error| Problem::misconfigured(format!("oauth_clients: {error}")))
}
