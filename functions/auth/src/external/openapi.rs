//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Operation, page_of};
use serde_json::{Value, json};

use super::{callback, list, start, unlink};
use crate::openapi::RATE_LIMIT;

/// Each route.
pub(crate) fn operations() -> [Operation; 5] {
    let text = || json!({"type": "string"});
    let page = |operation: Operation| {
        operation
            .public()
            .path("provider", text(), "The provider's name in the configuration.")
            .refuses(&[Kind::Misconfigured])
            .answers_page(404, &[], "There is no such provider.")
            .answers_page(429, &[("Retry-After", "After how many seconds to try again.")], "Tried too often.")
            .answers_page(502, &[], "The provider can't be asked, or refused.")
    };
    let go = page(Operation::new("get", start::PATH, "signInWith", "Sign in at another provider"))
        .description("For a person's browser.")
        .query("next", text(), "Where to go afterwards: a path of this installation; others are left out.")
        .answers_nothing(303, "On to the provider, with a cookie to bring back.");
    let back = page(Operation::new("get", callback::PATH, "completeSignInWith", "Come back from the provider"))
        .description(
            "The redirection endpoint (RFC 6749, section 3.1.2), for the browser that was sent to the provider.",
        )
        .query("state", text(), "What was sent along.")
        .query("code", text(), "The authorization code.")
        .query("iss", text(), "The provider's issuer identifier (RFC 9207).")
        .query("error", text(), "Why there is no code.")
        .answers_page(
            200,
            &[("Set-Cookie", "`__Host-session` and `__Host-csrf`.")],
            "Signed in, linked, or a code is needed too.",
        )
        .answers_page(400, &[], "The attempt is unknown, over, or answered by somebody else.")
        .answers_page(403, &[], "It is another browser, or nobody who may come in.")
        .answers_page(409, &[], "The address, or the identity, is another user's.");
    let own = Operation::new("get", list::PATH, "listIdentities", "Who you are at other providers")
        .refuses(&[Kind::InsufficientScope])
        .answers(200, "IdentityPage", &[], "All of them, the oldest first.");
    let link = Operation::new("post", list::PATH, "linkIdentity", "Link who you are at another provider")
        .description(
            "For whoever signed in, by a browser: it gets a cookie by this answer, goes to `url`, and comes back with what it \
             was given there.",
        )
        .body("IdentityLink")
        .refuses(&[Kind::Misconfigured, Kind::TooManyRequests, Kind::InsufficientScope, Kind::SignInRequired])
        .refuses(&[Kind::AddressNotVerified, Kind::WrongCredentials, Kind::UnknownProvider, Kind::ProviderUnavailable])
        .answers(200, "IdentityLinkStart", RATE_LIMIT, "Where to go.");
    let unlink = Operation::new("delete", unlink::PATH, "unlinkIdentity", "Sign in by a provider no more")
        .path("id", json!({"type": "string", "format": "uuid"}), "The identity's id.")
        .refuses(&[Kind::Misconfigured, Kind::InsufficientScope, Kind::SignInRequired, Kind::UnknownIdentity])
        .refuses(&[Kind::LastSignInMethod])
        .answers_nothing(204, "Nobody signs in to your account with it any more.");
    [go, back, own, link, unlink]
}

/// What they take and give.
pub(crate) fn schemas() -> [(&'static str, Value); 4] {
    let text = |description: &str| json!({"type": "string", "description": description});
    let maybe = |description: &str| json!({"type": ["string", "null"], "description": description});
    let link = json!({
        "type": "object", "description": "Which identity to link.", "required": ["provider"], "additionalProperties": false,
        "properties": {
            "provider": text("The provider's name in the configuration."),
            "password": maybe("Your password, if you have one. If you have none, you must have signed in within ten minutes."),
            "next": maybe("Where to go afterwards: a path of this installation; others are left out."),
        },
    });
    let start = json!({
        "type": "object", "description": "The way to the provider.", "required": ["url"],
        "properties": {"url": {"type": "string", "format": "uri", "description": "Where the browser goes."}},
    });
    let identity = json!({
        "type": "object",
        "description": "Who you are at another provider.",
        "required": ["id", "provider", "issuer", "subject", "email", "created_at", "last_used_at"],
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "Its id."},
            "provider": text("The provider's name in the configuration, as it was when you linked it."),
            "issuer": text("The issuer's identifier, or the address of a GitHub."),
            "subject": text("What that calls you."),
            "email": maybe("The address that it said to be yours, the last time."),
            "created_at": {"type": "string", "format": "date-time", "description": "When you linked it."},
            "last_used_at": {"type": ["string", "null"], "format": "date-time", "description": "When you last signed in with it."},
        },
    });
    [
        ("IdentityLink", link),
        ("IdentityLinkStart", start),
        ("Identity", identity),
        ("IdentityPage", page_of("Identity")),
    ]
}
