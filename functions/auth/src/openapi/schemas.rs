//! What the routes take and give.

use bulkhead_http_api::openapi::page_of;
use serde_json::{Map, Value, json};

/// What is said of new passwords.
const NEW_PASSWORD: &str = "At least 12 characters, and not one that everybody would guess.";

/// What is said of codes.
const CODE: &str = "Six digits of your authenticator, or a recovery code.";

/// By name.
pub(super) fn schemas() -> Map<String, Value> {
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
                    "password": text(NEW_PASSWORD),
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
            "SecondFactor",
            body(
                "A second factor.",
                json!(["enabled", "recovery_codes"]),
                json!({
                    "enabled": {"type": "boolean", "description": "Whether signing in takes a code."},
                    "recovery_codes": {"type": "integer", "minimum": 0, "description": "Recovery codes that were not used."},
                }),
            ),
        ),
        (
            "SecondFactorEnrolment",
            body("Who wants a second factor.", json!(["password"]), json!({"password": text("Your password.")})),
        ),
        (
            "SecondFactorSecret",
            body(
                "What an authenticator is told.",
                json!(["secret", "url"]),
                json!({"secret": text("In base 32."), "url": text("The same as an otpauth address, for a QR code.")}),
            ),
        ),
        (
            "SecondFactorConfirmation",
            body("The first code.", json!(["code"]), json!({"code": text("Six digits of your authenticator.")})),
        ),
        (
            "RecoveryCodes",
            body(
                "What is used in the place of a code, each once.",
                json!(["recovery_codes"]),
                json!({"recovery_codes": {"type": "array", "items": {"type": "string"}, "description": "Keep them somewhere safe."}}),
            ),
        ),
        (
            "SecondFactorRemoval",
            body(
                "Who wants no second factor any more.",
                json!(["password", "code"]),
                json!({"password": text("Your password."), "code": text(CODE)}),
            ),
        ),
        (
            "Challenge",
            body(
                "What is presented with a code.",
                json!(["challenge", "methods", "expires_in"]),
                json!({
                    "challenge": text("To be sent with the code to /v1/auth/sign-in/second-factor."),
                    "methods": {"type": "array", "items": {"enum": ["totp", "recovery_code"]}, "description": "Which codes are taken."},
                    "expires_in": {"type": "integer", "minimum": 0, "description": "For how many seconds it is good."},
                }),
            ),
        ),
        (
            "ChallengeAnswer",
            body(
                "The second step of signing in.",
                json!(["challenge", "code"]),
                json!({
                    "challenge": text("What the first step gave."),
                    "code": text(CODE),
                    "organization": maybe("The slug of the organization to act in."),
                }),
            ),
        ),
        (
            "ChallengeForm",
            body(
                "The form of the second step.",
                json!(["challenge", "code"]),
                json!({
                    "challenge": text("What the first step gave."),
                    "code": text(CODE),
                    "organization": text("The slug of the organization to act in."),
                    "next": text("Where to go afterwards: a path of this installation."),
                }),
            ),
        ),
        (
            "PasswordChange",
            body(
                "A change of password.",
                json!(["current_password", "new_password"]),
                json!({"current_password": text("The one before."), "new_password": text(NEW_PASSWORD)}),
            ),
        ),
        (
            "PasswordReset",
            body("Who wants a new password.", json!(["email"]), json!({"email": text("The account's address.")})),
        ),
        (
            "PasswordResetConfirmation",
            body(
                "A new password.",
                json!(["token", "new_password"]),
                json!({"token": text("The token of the mail."), "new_password": text(NEW_PASSWORD)}),
            ),
        ),
        (
            "EmailVerificationConfirmation",
            body("The proof of an address.", json!(["token"]), json!({"token": text("The token of the mail.")})),
        ),
        (
            "EmailVerificationForm",
            body(
                "The page's form.",
                json!(["csrf", "token"]),
                json!({"csrf": text("The page's own."), "token": text("The token of the mail.")}),
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
