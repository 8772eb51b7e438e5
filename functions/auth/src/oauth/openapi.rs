//! What the authorization server's routes are, in the words of OpenAPI.

use bulkhead_authorization::Code;
use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::Operation;
use serde_json::{Value, json};

const RETRY: &[(&str, &str)] = &[("Retry-After", "After how many seconds to try again.")];
const RATE_LIMIT: &[(&str, &str)] = &[
    ("RateLimit-Policy", "The limit: how many (`q`) in how many seconds (`w`)."),
    ("RateLimit", "What is left of it (`r`), and after how many seconds all of it is back (`t`)."),
];

/// The operations.
pub(crate) fn operations() -> Vec<Operation> {
    let open =
        |method, path, id, summary| Operation::new(method, path, id, summary).public().refuses(&[Kind::Misconfigured]);
    let endpoint = |path, id, summary| {
        open("post", path, id, summary)
            .refuses(&[Kind::TooManyRequests])
            .answers(400, "OAuthError", RATE_LIMIT, "Refused.")
            .answers(401, "OAuthError", RATE_LIMIT, "The client is unknown or did not prove to be itself.")
            .answers(503, "OAuthError", RETRY, "The client's metadata document can't be asked for now.")
    };
    let found = |operation: Operation, schema| operation.answers(200, schema, &[], "It.");
    let metadata = "/.well-known/oauth-authorization-server";
    let path = || json!({"type": "string"});
    let mut operations = vec![
        found(open("get", metadata, "authorizationServer", "The authorization server's metadata (RFC 8414)"), "ServerMetadata"),
        found(
            open("get", "/.well-known/openid-configuration", "openidConfiguration", "The same where OpenID Connect has it"),
            "ServerMetadata",
        ),
        found(
            open("get", "/.well-known/oauth-authorization-server/{*issuer}", "authorizationServerOfPath", "The same for a public URL with a path")
                .path("*issuer", path(), "That path."),
            "ServerMetadata",
        ),
        found(
            open("get", "/.well-known/openid-configuration/{*issuer}", "openidConfigurationOfPath", "The same for a public URL with a path")
                .path("*issuer", path(), "That path."),
            "ServerMetadata",
        ),
        found(open("get", "/oauth/jwks", "jwks", "The keys of access tokens (RFC 7517)"), "KeySet"),
        endpoint("/oauth/token", "token", "Get tokens for what was granted (RFC 6749)")
            .description("A client presents itself by `client_id` alone, or with its secret in the form or by HTTP Basic.")
            .form("TokenRequest")
            .answers(200, "OAuthTokens", RATE_LIMIT, "An access token for ten minutes, and a refresh token."),
        endpoint("/oauth/revoke", "revokeToken", "Give a token back (RFC 7009)")
            .description("Ends all that the client was granted with it. What is no token changes nothing, and is answered alike.")
            .form("RevocationRequest")
            .answers_nothing(200, "It is not good, now."),
        endpoint("/oauth/introspect", "introspectToken", "What a token is (RFC 7662)")
            .description("For clients with a secret, of their own tokens; and with an API key or access token, of what its user granted.")
            .form("IntrospectionRequest")
            .refuses(&[Kind::Unauthenticated])
            .answers(200, "Introspection", RATE_LIMIT, "What it is."),
        open("post", "/oauth/register", "registerClient", "Register a client (RFC 7591)")
            .description("Only where the operator has not closed it. A client that nobody grants anything is forgotten after a day.")
            .body("ClientMetadata")
            .refuses(&[Kind::TooManyRequests])
            .answers(400, "OAuthError", RATE_LIMIT, "Refused.")
            .answers(201, "ClientInformation", RATE_LIMIT, "The client."),
        endpoint("/oauth/device_authorization", "authorizeDevice", "Begin to connect a device (RFC 8628)")
            .form("DeviceAuthorizationRequest")
            .answers(200, "DeviceAuthorization", RATE_LIMIT, "The codes: one for the device, one for its user."),
    ];
    operations.extend(pages());
    operations
}

fn pages() -> Vec<Operation> {
    let page = |method, path, id, summary| {
        Operation::new(method, path, id, summary)
            .public()
            .refuses(&[Kind::Misconfigured])
            .answers_page(400, &[], "The request can't be answered, and the client not be told.")
            .answers_page(200, &[], "The page.")
    };
    let unavailable = "The client's metadata document can't be asked for now.";
    let mut ask =
        page("get", "/oauth/authorize", "authorizePage", "The page on which a user allows a client access (RFC 6749)")
            .answers_page(503, &[], unavailable)
            .answers_nothing(303, "To the page to sign in on, or to the client with an error.");
    for (name, description) in [
        ("response_type", "`code`."),
        ("client_id", "The client's id, or the URL of its metadata document."),
        ("redirect_uri", "Where the answer goes: exactly as registered, but for the port of a loopback address."),
        ("code_challenge", "The PKCE challenge (RFC 7636)."),
        ("code_challenge_method", "`S256`."),
        ("state", "What the client recognises its request by."),
        ("scope", "Scopes, separated by spaces; `tools` when absent."),
        ("resource", "What the tokens are for (RFC 8707): the MCP endpoint, also when absent, or the REST interface."),
    ] {
        ask = ask.query(name, json!({"type": "string"}), description);
    }
    vec![
        ask,
        page("post", "/oauth/authorize", "authorizeByPage", "Allow a client access, or refuse it")
            .form("ConsentForm")
            .refuses(&[Kind::CrossSite])
            .answers_page(403, &[], "The user does not belong to the organization.")
            .answers_page(503, &[], unavailable)
            .answers_nothing(
                303,
                "To the client, with a code or an error, and `iss` (RFC 9207); or to the page to sign in on.",
            ),
        page("get", "/oauth/device", "devicePage", "The page on which a user types in a device's code (RFC 8628)")
            .query("user_code", json!({"type": "string"}), "A code to fill in.")
            .answers_nothing(303, "To the page to sign in on."),
        page("post", "/oauth/device", "deviceByPage", "Take a device's code, and then allow it access or refuse it")
            .form("DeviceForm")
            .refuses(&[Kind::CrossSite, Kind::TooManyRequests])
            .answers_page(403, &[], "The user does not belong to the organization.")
            .answers_nothing(303, "To the page to sign in on."),
    ]
}

fn object(description: &str, required: &[&str], members: &[(&str, Value)]) -> Value {
    let properties: serde_json::Map<_, _> =
        members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    json!({"type": "object", "description": description, "required": required, "properties": properties})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

fn number(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

/// The schemas.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let client = |mut members: Vec<(&'static str, Value)>| {
        members.extend([
            ("client_id", text("The client; not needed with HTTP Basic.")),
            ("client_secret", text("Its secret, for `client_secret_post`.")),
        ]);
        members
    };
    let token = || vec![("token", text("An access or a refresh token.")), ("token_type_hint", text("Which of them."))];
    let asked = || {
        vec![
            ("scope", text("Scopes, separated by spaces; `tools` when absent.")),
            ("resource", text("What the tokens are for (RFC 8707).")),
        ]
    };
    let errors: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let mut grant = asked();
    grant.extend([
        ("grant_type", text("How.")),
        ("code", text("The authorization code.")),
        ("code_verifier", text("The PKCE verifier.")),
        ("redirect_uri", text("As in the authorization request.")),
        ("refresh_token", text("The refresh token; good for one use.")),
        ("device_code", text("The device code.")),
    ]);
    let metadata = || {
        vec![
            ("client_name", text("What it calls itself.")),
            (
                "redirect_uris",
                texts("Where browsers are sent back to: https, loopback http, or an application's scheme."),
            ),
            ("grant_types", texts("How it gets tokens; `authorization_code` and `refresh_token` when absent.")),
            ("response_types", texts("`code`.")),
            (
                "token_endpoint_auth_method",
                text("`none`, `client_secret_basic` (when absent) or `client_secret_post`."),
            ),
        ]
    };
    let mut information = metadata();
    information.extend([
        ("client_id", text("Its id.")),
        ("client_id_issued_at", number("When it was made: seconds since 1970.")),
        ("client_secret", text("Its secret, told once.")),
        ("client_secret_expires_at", number("Zero: never.")),
    ]);
    vec![
        (
            "OAuthError",
            object(
                "Why a request was refused (RFC 6749, section 5.2).",
                &["error", "error_description"],
                &[
                    ("error", json!({"enum": errors, "description": "What is wrong."})),
                    ("error_description", text("What to do.")),
                ],
            ),
        ),
        ("TokenRequest", object("What tokens are asked for.", &["grant_type"], &client(grant))),
        ("RevocationRequest", object("A token to be given back.", &["token"], &client(token()))),
        ("IntrospectionRequest", object("A token to be looked at.", &["token"], &client(token()))),
        ("DeviceAuthorizationRequest", object("What a device asks for.", &[], &client(asked()))),
        (
            "OAuthTokens",
            object(
                "What was granted (RFC 6749, section 5.1).",
                &["access_token", "token_type", "expires_in", "refresh_token", "scope"],
                &[
                    ("access_token", text("The credential of requests.")),
                    ("token_type", json!({"const": "Bearer"})),
                    ("expires_in", number("For how many seconds it is good.")),
                    ("refresh_token", text("What the next access token is had for.")),
                    ("scope", text("What it may do, separated by spaces.")),
                ],
            ),
        ),
        (
            "Introspection",
            object(
                "What a token is (RFC 7662, section 2.2). Of one that is not active nothing else is said.",
                &["active"],
                &[
                    ("active", json!({"type": "boolean", "description": "Whether it is good."})),
                    ("iss", text("Who issued it.")),
                    ("aud", text("What it is for.")),
                    ("sub", text("The user.")),
                    ("org", text("The organization that it acts in.")),
                    ("client_id", text("The client.")),
                    ("scope", text("What it may do.")),
                    ("token_type", json!({"enum": ["Bearer", "refresh_token"], "description": "What it is."})),
                    ("exp", number("When it ends: seconds since 1970.")),
                    ("iat", number("When it was issued.")),
                    ("nbf", number("From when on it is good.")),
                    ("jti", text("Its id.")),
                ],
            ),
        ),
        ("ClientMetadata", object("What a client says of itself.", &[], &metadata())),
        (
            "ClientInformation",
            object(
                "A registered client.",
                &["client_id", "redirect_uris", "grant_types", "token_endpoint_auth_method"],
                &information,
            ),
        ),
        (
            "DeviceAuthorization",
            object(
                "The codes (RFC 8628, section 3.2).",
                &["device_code", "user_code", "verification_uri", "expires_in", "interval"],
                &[
                    ("device_code", text("What the device gets tokens for.")),
                    ("user_code", text("What its user types in.")),
                    ("verification_uri", text("Where.")),
                    ("verification_uri_complete", text("The same with the code filled in.")),
                    ("expires_in", number("For how many seconds both are good.")),
                    ("interval", number("How many seconds to wait between two requests.")),
                ],
            ),
        ),
        (
            "ConsentForm",
            object(
                "The user's answer to a client.",
                &["csrf", "request", "decision"],
                &[
                    ("csrf", text("The token that the page has for its session.")),
                    ("request", text("The query of the authorization request.")),
                    ("organization", text("The id of the organization.")),
                    ("decision", text("`allow`, or anything else to refuse.")),
                ],
            ),
        ),
        (
            "DeviceForm",
            object(
                "A device's code, and the user's answer to it.",
                &["csrf", "user_code"],
                &[
                    ("csrf", text("The token that the page has for its session.")),
                    ("user_code", text("The code that the device shows.")),
                    ("organization", text("The id of the organization.")),
                    ("decision", text("`allow`, or anything else to refuse; absent until the user was asked.")),
                ],
            ),
        ),
        (
            "ServerMetadata",
            json!({
                "type": "object", "description": "What there is (RFC 8414).", "additionalProperties": true,
                "required": ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"],
                "properties": {
                    "issuer": text("The public URL."), "authorization_endpoint": text("Where users are sent."),
                    "token_endpoint": text("Where tokens are had."), "jwks_uri": text("Where the keys are."),
                },
            }),
        ),
        (
            "KeySet",
            json!({
                "type": "object", "description": "Public keys (RFC 7517).", "required": ["keys"],
                "properties": {"keys": {"type": "array", "items": {"type": "object"}, "description": "One for each key."}},
            }),
        ),
    ]
}
