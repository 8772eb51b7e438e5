//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation};
use serde_json::{Map, Value, json};

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let operations = vec![
        Operation::new("get", "/v1/profile", "getProfile", "Your profile")
            .refuses(&[Kind::InsufficientScope])
            .answers(200, "Profile", &[], "The profile."),
        Operation::new("patch", "/v1/profile", "changeProfile", "Change your profile")
            .body("ProfileChange")
            .refuses(&[Kind::InsufficientScope])
            .answers(200, "Profile", &[], "The profile as it is now."),
        Operation::new("get", "/v1/profile/export", "exportProfile", "Everything that is known about you")
            .description("For whoever signed in. No secret is part of it.")
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired])
            .answers(200, "Export", &[], "The data."),
        Operation::new("delete", "/v1/profile", "eraseUser", "Delete yourself")
            .description(
                "Sessions, keys and memberships end at once, and what says who you were is forgotten; the audit trail keeps \
                 your id. Accounts that you connected are disconnected: their tokens are revoked at the provider. An \
                 organization of yours alone goes with you.",
            )
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired, Kind::LastOwner])
            .answers_nothing(204, "You are gone."),
    ];
    Description { tag: ("profile", "A user's own."), operations, schemas: schemas() }
}

fn schemas() -> Map<String, Value> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let maybe = |description: &str| json!({"type": ["string", "null"], "description": description});
    let time = |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    let rows = |description: &str| json!({"type": "array", "items": {"type": "object"}, "description": description});
    let own = json!({
        "name": text("Your name: 1 to 100 characters."),
        "avatar_url": maybe("A picture, by https."),
        "time_zone": maybe("A name of the IANA time zone database, such as Europe/Berlin."),
        "locale": maybe("A language tag (RFC 5646), such as de-AT."),
        "preferences": {"type": "object", "additionalProperties": true, "description": "What programs remember for you: at most 8 KiB."},
    });
    let mut profile = own.clone();
    profile["id"] = json!({"type": "string", "format": "uuid", "description": "Your id."});
    profile["kind"] = json!({"enum": ["person", "service"], "description": "A person or a service account."});
    profile["email"] = maybe("Where mail reaches you.");
    profile["email_verified_at"] =
        json!({"type": ["string", "null"], "format": "date-time", "description": "When that was proven."});
    profile["created_at"] = time("When you were made known.");
    let names =
        |value: &Value| value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let export = json!({
        "exported_at": time("When it was made."),
        "profile": {"$ref": "#/components/schemas/Profile"},
        "memberships": rows("Organizations, and your role there."),
        "teams": rows("Teams."),
        "project_roles": rows("Roles in projects that you have by yourself."),
        "sessions": rows("Sign-ins, and what you granted to clients."),
        "identities": rows("Who you are at other providers."),
        "second_factors": rows("Second factors: that you have one."),
        "recovery_codes": rows("Recovery codes: that they exist."),
        "one_time_tokens": rows("Links that were mailed to you, and the like: that they exist."),
        "api_keys": rows("Keys."),
        "passkeys": rows("Passkeys."),
        "invitations": rows("Invitations that you took."),
        "connections": rows("Accounts that you connected, for yourself or for a project; of their secrets, that they are kept."),
        "connection_attempts": rows("Attempts to connect one."),
        "acts": rows("The newest thousand of your acts in the audit trails."),
    });
    let entries = [
        (
            "Profile",
            json!({"type": "object", "description": "A user.", "required": names(&profile), "properties": profile}),
        ),
        (
            "ProfileChange",
            json!({
                "type": "object", "description": "What to change; what is absent stays, null clears.",
                "additionalProperties": false, "properties": own,
            }),
        ),
        (
            "Export",
            json!({"type": "object", "description": "Everything about you.", "required": names(&export), "properties": export}),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
