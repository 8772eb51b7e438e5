//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation, page_of};
use serde_json::{Map, Value, json};

/// What is told of a limit on what may be guessed.
const RATE_LIMIT: &[(&str, &str)] = &[
    ("RateLimit-Policy", "The limit: how many (`q`) in how many seconds (`w`)."),
    ("RateLimit", "What is left of it (`r`), and after how many seconds all of it is back (`t`)."),
];

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let tokens = "An access token for ten minutes, and a refresh token for the next one.";
    let open = |path, id, summary| {
        Operation::new("post", path, id, summary)
            .public()
            .refuses(&[Kind::Misconfigured, Kind::TooManyRequests])
            .answers(200, "Tokens", RATE_LIMIT, tokens)
    };
    let mut operations = vec![
        open("/v1/auth/sign-up", "signUp", "Make an account and an organization")
            .description("Only where the operator has opened it.")
            .body("SignUp")
            .refuses(&[Kind::SignUpClosed, Kind::AccountExists]),
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
    operations.extend(pages());
    Description { tag: ("auth", "Signing in, and what it opens."), operations, schemas: schemas() }
}

/// The pages for people.
fn pages() -> [Operation; 4] {
    const COOKIES: &[(&str, &str)] = &[("Set-Cookie", "`__Host-session` and `__Host-csrf`.")];
    let page = |method, path, id, summary| Operation::new(method, path, id, summary).public();
    [
        page("get", "/sign-in", "signInPage", "The page to sign in on")
            .query(
                "next",
                json!({"type": "string"}),
                "Where to go afterwards: a path of this installation; others are left out.",
            )
            .answers_nothing(303, "Signed in already: on to `next`.")
            .answers_page(200, &[], "The page."),
        page("post", "/sign-in", "signInByPage", "Open a session that the browser keeps")
            .form("SignInForm")
            .refuses(&[Kind::CrossSite, Kind::Misconfigured])
            .answers_page(401, &[], "Address or password is wrong.")
            .answers_page(403, &[], "No such organization.")
            .answers_page(429, &[("Retry-After", "After how many seconds to try again.")], "Tried too often.")
            .answers_page(200, COOKIES, "Signed in; the page goes on to `next`."),
        page("get", "/sign-out", "signOutPage", "The page to sign out on")
            .answers_nothing(303, "Nobody is signed in: to the page to sign in on.")
            .answers_page(200, &[], "The page."),
        page("post", "/sign-out", "signOutByPage", "End the browser's session")
            .form("SignOutForm")
            .refuses(&[Kind::CrossSite])
            .answers_nothing(303, "It has ended; to the page to sign in on."),
    ]
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
            "SignInForm",
            body(
                "The form of the page to sign in on.",
                json!(["email", "password"]),
                json!({
                    "email": text("The account's address."),
                    "password": text("Its password."),
                    "organization": text("The slug of the organization to act in."),
                    "next": text("Where to go afterwards: a path of this installation."),
                }),
            ),
        ),
        (
            "SignOutForm",
            body(
                "The form of the page to sign out on.",
                json!(["csrf"]),
                json!({"csrf": text("The token that the page has for its session.")}),
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
