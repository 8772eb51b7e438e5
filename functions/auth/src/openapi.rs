//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation, page_of};
use serde_json::{Map, Value, json};

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let tokens = "An access token for ten minutes, and a refresh token for the next one.";
    let open = |path, id, summary| {
        Operation::new("post", path, id, summary).public().refuses(&[Kind::Misconfigured]).answers(
            200,
            "Tokens",
            &[],
            tokens,
        )
    };
    let operations = vec![
        open("/v1/auth/sign-up", "signUp", "Make an account and an organization")
            .description("Only where the operator has opened it.")
            .body("SignUp")
            .refuses(&[Kind::SignUpClosed, Kind::AccountExists]),
        open("/v1/auth/sign-up/invited", "signUpInvited", "Make an account with an invitation")
            .description("Its address is the invitation's. Also where signing up is closed.")
            .body("SignUpInvited")
            .refuses(&[Kind::UnknownInvitation, Kind::AccountExists]),
        Operation::new("post", "/v1/auth/switch", "switchOrganization", "Act in another organization")
            .description("With the same session. Its tokens until now are no longer good.")
            .body("Switch")
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired, Kind::NoOrganization, Kind::Misconfigured])
            .answers(200, "Tokens", &[], tokens),
        open("/v1/auth/sign-in", "signIn", "Open a session with e-mail address and password")
            .body("SignIn")
            .refuses(&[Kind::WrongCredentials, Kind::NoOrganization]),
        open("/v1/auth/refresh", "refresh", "Get the next access token")
            .description("A refresh token is good for one use. One that is used again ends its session.")
            .body("Refresh")
            .refuses(&[Kind::InvalidGrant]),
        Operation::new("get", "/v1/auth/sessions", "listSessions", "Your own sessions, newest first")
            .paged()
            .refuses(&[Kind::InsufficientScope])
            .answers(
                200,
                "SessionPage",
                &[("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.")],
                "A page of sessions that go on.",
            ),
        Operation::new("delete", "/v1/auth/sessions/{id}", "revokeSession", "End a session of yours")
            .description("Its access tokens are refused from now on.")
            .path("id", json!({"type": "string", "format": "uuid"}), "The session's id.")
            .refuses(&[Kind::InsufficientScope, Kind::UnknownSession])
            .answers_nothing(204, "It has ended."),
    ];
    Description { tag: ("auth", "Signing in, and what it opens."), operations, schemas: schemas() }
}

fn schemas() -> Map<String, Value> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let time = |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    let id = |description: &str| json!({"type": "string", "format": "uuid", "description": description});
    let maybe = |description: &str| json!({"type": ["string", "null"], "description": description});
    let body = |description: &str, required: Value, properties: Value| {
        json!({
            "type": "object", "description": description, "required": required, "additionalProperties": false,
            "properties": properties,
        })
    };
    let entries = [
        (
            "SignUp",
            body(
                "An account and its organization.",
                json!(["email", "password", "name", "organization"]),
                json!({
                    "email": text("Where mail reaches you."),
                    "password": text("At least 12 characters, and not one that everybody knows."),
                    "name": text("Your name."),
                    "organization": body(
                        "The organization, which you will own.",
                        json!(["slug", "name"]),
                        json!({
                            "slug": text("Its name in addresses: lower-case letters, digits and single hyphens between them."),
                            "name": text("Its name."),
                        }),
                    ),
                }),
            ),
        ),
        (
            "SignUpInvited",
            body(
                "An account, and the invitation that it is made with.",
                json!(["token", "name", "password"]),
                json!({
                    "token": text("What the invitation is taken with."),
                    "name": text("Your name."),
                    "password": text("At least 12 characters, and not one that everybody knows."),
                }),
            ),
        ),
        (
            "Switch",
            body("Where to act.", json!(["organization"]), json!({"organization": text("The organization's slug.")})),
        ),
        (
            "SignIn",
            body(
                "Who signs in, and where.",
                json!(["email", "password"]),
                json!({
                    "email": text("The account's address."),
                    "password": text("Its password."),
                    "organization": maybe("The slug of the organization to act in; when absent, the one that you have belonged to longest."),
                }),
            ),
        ),
        (
            "Refresh",
            body(
                "A refresh token.",
                json!(["refresh_token"]),
                json!({"refresh_token": text("The session's refresh token.")}),
            ),
        ),
        (
            "Tokens",
            json!({
                "type": "object",
                "description": "What a session is used with.",
                "required": ["access_token", "token_type", "expires_in", "refresh_token", "session", "organization"],
                "properties": {
                    "access_token": text("The credential of requests: `Authorization: Bearer`."),
                    "token_type": {"const": "Bearer"},
                    "expires_in": {"type": "integer", "minimum": 0, "description": "For how many seconds the access token is good."},
                    "refresh_token": text("What the next access token is had for. Good for one use."),
                    "session": id("The session."),
                    "organization": id("The organization that it acts in."),
                },
            }),
        ),
        ("SessionPage", page_of("Session")),
        (
            "Session",
            json!({
                "type": "object",
                "description": "A sign-in, or what you granted to an OAuth client.",
                "required": [
                    "id", "organization", "client_id", "audience", "scopes", "user_agent", "address", "created_at",
                    "last_used_at", "expires_at",
                ],
                "properties": {
                    "id": id("Its id."),
                    "organization": id("The organization that it acts in."),
                    "client_id": maybe("The OAuth client; null for a sign-in."),
                    "audience": text("Whom its access tokens are for."),
                    "scopes": maybe("What they may do, separated by spaces; null for everything that you may."),
                    "user_agent": maybe("What the client called itself."),
                    "address": maybe("Where it came from."),
                    "created_at": time("When it began."),
                    "last_used_at": time("When it last got an access token."),
                    "expires_at": time("When it ends."),
                },
            }),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
