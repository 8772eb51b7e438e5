//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation};
use serde_json::{Map, json};

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let text = || json!({"type": "string"});
    let page = |operation: Operation| {
        operation
            .public()
            .answers_page(200, &[], "A page that says how it goes on, or what became of it.")
            .answers_page(503, &[], "The operator has something to do first.")
            .refuses(&[Kind::TooManyRequests, Kind::Misconfigured])
    };
    let show = page(Operation::new("get", "/oauth/start", "showConnectionLink", "The page of a link"))
        .description("For a person's browser: the `authorize.url` of a connection.")
        .query("token", text(), "The link's token.")
        .answers_page(404, &[], "The link does not work.");
    let go = page(Operation::new("post", "/oauth/start", "followConnectionLink", "Go on to the provider"))
        .description("Sent by the page's own form alone.")
        .answers_page(403, &[], "The form is not the page's own.")
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
        .answers_page(403, &[], "It is another browser.")
        .answers_page(409, &[], "What was to be connected is gone.")
        .answers_page(502, &[], "The provider refused, or can't be reached.");
    Description {
        tag: ("oauth", "A person's browser on its way to a provider and back."),
        operations: vec![show, go, back],
        schemas: Map::new(),
    }
}
