//! What the operator has set for this function.

use bulkhead_connections::OauthClients;
use bulkhead_http_api::{Api, Problem, VariableFault};
use bulkhead_vault::SealingKey;

/// How clients reach this installation, without a slash at the end.
pub(crate) async fn public_url(api: &Api) -> Result<String, Problem> {
    Ok(api.variables.get("public_url").await?.expose().trim_end_matches('/').to_owned())
}

/// The address that providers answer to.
pub(crate) fn redirect_uri(public_url: &str) -> String {
    format!("{public_url}/oauth/callback")
}

/// The clients that the operator has registered.
pub(crate) async fn clients(api: &Api) -> Result<OauthClients, Problem> {
    let text = api.variables.get("oauth_clients").await?;
    OauthClients::parse(text.expose()).map_err(|error| fault("oauth_clients", &error))
}

/// What tokens are sealed with.
pub(crate) async fn sealing_key(api: &Api) -> Result<SealingKey, Problem> {
    let text = api.variables.get("vault_sealing_key").await?;
    SealingKey::parse(text.expose()).map_err(|error| fault("vault_sealing_key", &error))
}

fn fault(name: &str, error: &dyn std::error::Error) -> Problem {
    VariableFault { name: name.to_owned(), reason: error.to_string() }.into()
}
