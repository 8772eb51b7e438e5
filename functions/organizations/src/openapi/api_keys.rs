//! `/v1/api-keys`

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Operation, page_of};
use serde_json::{Map, Value, json};

use super::words::{
    DENIED, LINK, Part, RATE_LIMIT, body, id, maybe, maybe_id, maybe_time, object, schemas, text, time, uuid,
};

pub(super) fn part() -> Part {
    let made = "The key, which is shown this once.";
    let operations = vec![
        Operation::new("get", "/v1/api-keys", "listApiKeys", "API keys, newest first")
            .description("Your own, those that have ended as well. Admins may see everybody's.")
            .query("user", json!({"type": "string"}), "Of this user, by id, or of `all`.")
            .paged()
            .refuses(&DENIED)
            .answers(200, "ApiKeyPage", &LINK, "A page of API keys."),
        Operation::new("post", "/v1/api-keys", "createApiKey", "Make an API key")
            .description(
                "For yourself, or as an admin for a service account. It can be no more than the credential that makes it; \
                 what was granted to a client makes none.",
            )
            .body("NewApiKey")
            .refuses(&DENIED)
            .refuses(&[Kind::UnknownMember, Kind::SignInRequired, Kind::TooManyRequests, Kind::Misconfigured])
            .answers(201, "IssuedApiKey", &RATE_LIMIT, made),
        Operation::new("delete", "/v1/api-keys/{id}", "revokeApiKey", "End an API key")
            .description("Your own, or as an admin anybody's. It is refused from now on.")
            .path("id", uuid(), "The key's id.")
            .refuses(&DENIED)
            .refuses(&[Kind::UnknownApiKey])
            .answers_nothing(204, "It has ended, now or before."),
        Operation::new("post", "/v1/api-keys/{id}/rotate", "rotateApiKey", "Make an API key's successor")
            .description(
                "Of your own, or as an admin of a service account's. The new key may do the same from the same addresses. The \
                 old one goes on for a time of grace.",
            )
            .path("id", uuid(), "The old key's id.")
            .body("ApiKeyRotation")
            .refuses(&DENIED)
            .refuses(&[Kind::UnknownApiKey, Kind::ApiKeyEnded, Kind::SignInRequired])
            .refuses(&[Kind::TooManyRequests, Kind::Misconfigured])
            .answers(201, "IssuedApiKey", &RATE_LIMIT, made),
    ];
    (operations, described())
}

fn described() -> Map<String, Value> {
    let scope = json!({"enum": ["tools", "audit:read", "organization", "profile"]});
    let days = |description: &str| json!({"type": ["integer", "null"], "minimum": 1, "maximum": 366, "description": description});
    let networks = |description: &str| {
        json!({
            "type": ["array", "null"], "items": {"type": "string", "examples": ["192.0.2.0/24", "2001:db8::/32"]},
            "description": description,
        })
    };
    schemas([
        ("ApiKeyPage", page_of("ApiKey")),
        (
            "ApiKey",
            object(
                "What is kept of an API key.",
                json!({
                    "id": id("Its id."),
                    "user": id("For whom it acts."),
                    "name": text("Its name."),
                    "prefix": text("Its first 12 characters."),
                    "scopes": {"type": ["array", "null"], "items": scope, "description": "What it may do; null for everything that its user may."},
                    "networks": networks("From where it works; null for anywhere."),
                    "created_at": time("When it was made."),
                    "expires_at": maybe_time("When it stops working."),
                    "revoked_at": maybe_time("When it was revoked."),
                    "replaced_by": maybe_id("The key that it was rotated to."),
                    "last_used_at": maybe_time("When it was last used, to the minute."),
                    "last_used_from": maybe("From which address."),
                }),
            ),
        ),
        (
            "NewApiKey",
            body(
                "A key to be made.",
                &["name"],
                json!({
                    "name": text("Its name, for people."),
                    "user": maybe_id("A service account of the organization; yourself when absent."),
                    "scopes": {"type": ["array", "null"], "minItems": 1, "items": scope, "description": "What it may do, of what its user may; everything that your credential may when absent."},
                    "networks": networks("From where it works: addresses, or blocks in CIDR notation; anywhere when absent."),
                    "expires_in_days": days("For how long it works; 90 days when absent."),
                }),
            ),
        ),
        (
            "ApiKeyRotation",
            body(
                "How to rotate.",
                &[],
                json!({
                    "grace_seconds": {"type": ["integer", "null"], "minimum": 0, "maximum": 604800, "description": "How long the old key goes on; a day when absent."},
                    "expires_in_days": days("For how long the new one works; as long as the old one was made for when absent."),
                }),
            ),
        ),
        (
            "IssuedApiKey",
            object(
                "A key that was made.",
                json!({
                    "token": text("The key itself: the credential of requests, `Authorization: Bearer`. It is kept nowhere."),
                    "api_key": {"$ref": "#/components/schemas/ApiKey"},
                }),
            ),
        ),
    ])
}
