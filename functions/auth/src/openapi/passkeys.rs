//! Passkeys.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Operation, page_of};
use serde_json::{Map, Value, json};

use super::RATE_LIMIT;

/// What is said of the standard's own types.
const STANDARD: &str = "https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON";

/// The routes.
pub(super) fn operations() -> Vec<Operation> {
    let (path, one) = ("/v1/auth/passkeys", "/v1/auth/passkeys/{id}");
    let limited = [Kind::Misconfigured, Kind::TooManyRequests];
    let id = |operation: Operation| {
        operation.path("id", json!({"type": "string", "format": "uuid"}), "The passkey's id.").refuses(&[
            Kind::InsufficientScope,
            Kind::SignInRequired,
            Kind::UnknownPasskey,
        ])
    };
    let mut operations = vec![
        Operation::new("get", path, "listPasskeys", "Your own passkeys, newest first")
            .paged()
            .refuses(&[Kind::InsufficientScope])
            .answers(
                200,
                "PasskeyPage",
                &[("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.")],
                "A page of passkeys.",
            ),
        Operation::new("post", "/v1/auth/passkeys/options", "beginPasskeyRegistration", "Begin to add a passkey")
            .description(
                "It takes your password, and a code where you have a second factor: a passkey is both factors at once. \
                 You may have 20.",
            )
            .body("PasskeyProof")
            .refuses(&limited)
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired, Kind::WrongCredentials, Kind::WrongCode])
            .answers(200, "PasskeyCeremony", RATE_LIMIT, "What `navigator.credentials.create()` takes."),
        Operation::new("post", path, "registerPasskey", "Add the passkey that the browser made")
            .description("In the session that began it, within five minutes, once.")
            .body("PasskeyRegistration")
            .refuses(&limited)
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired, Kind::InvalidToken])
            .refuses(&[Kind::PasskeyRefused, Kind::PasskeyState])
            .answers(201, "Passkey", RATE_LIMIT, "The passkey."),
        id(Operation::new("patch", one, "renamePasskey", "Call a passkey something else").body("PasskeyName")).answers(
            200,
            "Passkey",
            &[],
            "The passkey.",
        ),
        id(Operation::new("delete", one, "deletePasskey", "Forget a passkey"))
            .description("Nobody signs in with it any more. Your only way to sign in stays.")
            .refuses(&[Kind::LastSignInMethod])
            .answers_nothing(204, "It is forgotten."),
        Operation::new(
            "post",
            "/v1/auth/sign-in/passkey/options",
            "beginPasskeySignIn",
            "Begin to sign in with a passkey",
        )
        .public()
        .refuses(&limited)
        .answers(200, "PasskeyCeremony", RATE_LIMIT, "What `navigator.credentials.get()` takes."),
        Operation::new("post", "/v1/auth/sign-in/passkey", "signInWithPasskey", "Open a session with a passkey")
            .description("It has verified you itself, so you are asked for no code. Within five minutes, once.")
            .public()
            .body("PasskeyAnswer")
            .refuses(&limited)
            .refuses(&[Kind::InvalidToken, Kind::PasskeyRefused, Kind::NoOrganization])
            .answers(
                200,
                "Tokens",
                RATE_LIMIT,
                "An access token for ten minutes, and a refresh token for the next one.",
            ),
    ];
    operations.extend(pages());
    operations
}

fn pages() -> [Operation; 3] {
    let limited = [Kind::CrossSite, Kind::Misconfigured, Kind::TooManyRequests];
    let page = |method, path, id, summary| Operation::new(method, path, id, summary).public();
    [
        page("get", "/passkeys", "passkeysPage", "The page with your passkeys")
            .answers_nothing(303, "Nobody is signed in: to the page to sign in on.")
            .answers_page(200, &[], "The page."),
        page(
            "post",
            "/sign-in/passkey/options",
            "beginPasskeySignInByPage",
            "What the page's script asks a passkey with",
        )
        .refuses(&limited)
        .answers(
            200,
            "PasskeyOptions",
            &[("Set-Cookie", "`__Host-passkey`, which the answer has to come with."), RATE_LIMIT[0], RATE_LIMIT[1]],
            "What `navigator.credentials.get()` takes.",
        ),
        page(
            "post",
            "/sign-in/passkey",
            "signInWithPasskeyByPage",
            "Open a session that the browser keeps, with a passkey",
        )
        .form("PasskeyForm")
        .refuses(&[Kind::CrossSite, Kind::Misconfigured])
        .answers_page(400, &[], "It took too long, or was begun elsewhere.")
        .answers_page(403, &[], "The passkey is refused, or no such organization.")
        .answers_page(429, &[("Retry-After", "After how many seconds to try again.")], "Tried too often.")
        .answers_page(
            200,
            &[("Set-Cookie", "`__Host-session` and `__Host-csrf`.")],
            "Signed in; the page goes on to `next`.",
        ),
    ]
}

/// What they take and give.
pub(super) fn schemas() -> Map<String, Value> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let maybe = |description: &str| json!({"type": ["string", "null"], "description": description});
    let time = |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    let seconds = json!({"type": "integer", "description": "For how many seconds."});
    let standard = |name: &str| {
        let description = format!("The standard's `{name}` ({STANDARD}).");
        json!({"type": "object", "description": description, "additionalProperties": true})
    };
    let options = || standard("PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON");
    let ceremony = || text("What is presented with the browser's answer.");
    let name = || text("What you call it: from 1 to 100 characters.");
    let body = |description: &str, required: Value, properties: Value| {
        json!({
            "type": "object", "description": description, "required": required, "additionalProperties": false,
            "properties": properties,
        })
    };
    let passkey = json!({
        "type": "object",
        "description": "A passkey.",
        "required": ["id", "name", "transports", "backed_up", "created_at", "last_used_at"],
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "Its id."},
            "name": name(),
            "transports": {
                "type": "array",
                "description": "How a browser may reach the authenticator.",
                "items": {"enum": ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"]},
            },
            "backed_up": {"type": "boolean", "description": "Whether it is kept elsewhere too."},
            "created_at": time("When it was added."),
            "last_used_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "When somebody last signed in with it.",
            },
        },
    });
    let entries = [
        ("Passkey", passkey),
        ("PasskeyPage", page_of("Passkey")),
        (
            "PasskeyProof",
            body(
                "That it is you.",
                json!(["password"]),
                json!({
                    "password": text("Your password."),
                    "code": maybe("A code of your second factor, or a recovery code; needed where you have one."),
                }),
            ),
        ),
        (
            "PasskeyCeremony",
            body(
                "What the browser is asked.",
                json!(["ceremony", "publicKey", "expires_in"]),
                json!({"ceremony": ceremony(), "publicKey": options(), "expires_in": seconds}),
            ),
        ),
        (
            "PasskeyOptions",
            body(
                "What the page's script asks.",
                json!(["publicKey", "expires_in"]),
                json!({"publicKey": options(), "expires_in": seconds}),
            ),
        ),
        (
            "PasskeyRegistration",
            body(
                "What the browser made.",
                json!(["ceremony", "name", "credential"]),
                json!({"ceremony": ceremony(), "name": name(), "credential": standard("RegistrationResponseJSON")}),
            ),
        ),
        ("PasskeyName", body("Another name.", json!(["name"]), json!({"name": name()}))),
        (
            "PasskeyAnswer",
            body(
                "What the passkey answered.",
                json!(["ceremony", "credential"]),
                json!({
                    "ceremony": ceremony(),
                    "credential": standard("AuthenticationResponseJSON"),
                    "organization": maybe("The slug of the organization to act in; when absent, the one that you have belonged to longest."),
                }),
            ),
        ),
        (
            "PasskeyForm",
            body(
                "The form of the page to sign in on.",
                json!(["credential"]),
                json!({
                    "credential": text("The standard's `AuthenticationResponseJSON`."),
                    "organization": text("The slug of the organization to act in."),
                    "next": text("Where to go afterwards: a path of this installation."),
                }),
            ),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
