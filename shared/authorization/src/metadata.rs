//! What clients are told about the server (RFC 8414, OpenID Connect Discovery).

use bulkhead_kernel::Scope;
use serde_json::{Value, json};

use crate::client::TokenAuthMethod;
use crate::grant::GrantType;
use crate::pkce;
use crate::policy::Policy;

/// What tokens can be for: the MCP endpoint, the REST interface.
pub(crate) fn resources(issuer: &str) -> [String; 2] {
    [format!("{issuer}/mcp"), format!("{issuer}/v1")]
}

/// The server's metadata. The issuer is the public URL, without a slash at its end.
#[must_use]
pub fn server_metadata(issuer: &str, policy: &Policy) -> Value {
    let methods = TokenAuthMethod::ALL.map(TokenAuthMethod::as_str);
    let confidential: Vec<_> = methods.into_iter().filter(|method| *method != "none").collect();
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth/introspect"),
        "device_authorization_endpoint": format!("{issuer}/oauth/device_authorization"),
        "jwks_uri": format!("{issuer}/oauth/jwks"),
        "scopes_supported": Scope::ALL.map(Scope::as_str),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": confidential,
        "code_challenge_methods_supported": [pkce::METHOD],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "protected_resources": resources(issuer),
    });
    if policy.registration {
        metadata["registration_endpoint"] = json!(format!("{issuer}/oauth/register"));
    }
    metadata
}

/// The same for clients that look where OpenID Connect keeps it, with the members that it demands. There are no ID tokens
/// here.
#[must_use]
pub fn openid_configuration(issuer: &str, policy: &Policy) -> Value {
    let mut metadata = server_metadata(issuer, policy);
    metadata["subject_types_supported"] = json!(["public"]);
    metadata["id_token_signing_alg_values_supported"] = json!(["EdDSA"]);
    metadata
}
