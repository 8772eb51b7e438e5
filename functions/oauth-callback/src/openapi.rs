//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation};
use serde_json::json;

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let text = || json!({"type": "string"});
    let page = |operation: Operation| {
        operation
            .public()
            .answers_page(200, &[], "A page that says how it goes on, or what became of it.")
            .answers_page(503, &[], "The operator has something to do first.")
            .answers_page(
                429,
                &[("Retry-After", "After how many seconds to try again.")],
                "This address has come too often.",
            )
            .refuses(&[Kind::Misconfigured])
    };
    let show = page(Operation::new("get", "/oauth/start", "showConnectionLink", "The page of a link"))
        .description("For a person's browser: the `authorize.url` of a connection.")
        .query("token", text(), "The link's token.")
        .answers_page(403, &[], "Whoever asked for it may not connect the account any more.")
        .answers_page(404, &[], "The link does not work.");
    let go = page(Operation::new("post", "/oauth/start", "followConnectionLink", "Go on to the provider"))
        .description("Sent by the page's own form alone.")
        .form("ConnectionLinkForm")
        .answers_page(403, &[], "The form is not the page's own, or whoever asked may not connect any more.")
        .answers_page(404, &[], "The link does not work.");
    let back = page(Operation::new("get", "/oauth/callback", "completeConnection", "Come back from the provider"))
        .description(
            "The redirection endpoint (RFC 6749, section 3.1.2), for the browser that was sent to the provider.",
        )
        .query("state", text(), "What was sent along.")
        .query("code", text(), "The authorization code.")
        .query("iss", text(), "The provider's issuer identifier (RFC 9207).")
        .query("error", text(), "Why there is no code.")
        .answers_page(400, &[], "The attempt is unknown, over, or answered by somebody else.")
        .answers_page(403, &[], "It is another browser, or whoever asked may not connect any more.")
        .answers_page(409, &[], "What was to be connected is gone.")
        .answers_page(502, &[], "The provider refused, or can't be reached.");
    let form = json!({
        "type": "object",
        "description": "What the page's form sends.",
        "required": ["token", "check"],
        "additionalProperties": false,
        "properties": {
            "token": {"type": "string", "description": "The link's token."},
            "check": {"type": "string", "description": "What shows that the page was this browser's."},
        },
    });
    Description {
        tag: ("oauth", "A person's browser on its way to a provider and back."),
        operations: vec![show, go, back],
        schemas: [("ConnectionLinkForm".to_owned(), form)].into_iter().collect(),
    }
}
