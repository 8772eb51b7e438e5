//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation};
use serde_json::json;

mod invitations;
mod passkeys;
mod schemas;

/// What is told of a limit on what may be guessed.
pub(crate) const RATE_LIMIT: &[(&str, &str)] = &[
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
        open("/v1/auth/sign-up/invited", "signUpInvited", "Make an account with an invitation")
            .description("Its address is the invitation's. Also where signing up is closed.")
            .body("SignUpInvited")
            .refuses(&[Kind::UnknownInvitation, Kind::AccountExists]),
        Operation::new("post", "/v1/auth/switch", "switchOrganization", "Act in another organization")
            .description("With the same session. Its tokens until now are no longer good.")
            .body("Switch")
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired, Kind::NoOrganization, Kind::Misconfigured])
            .refuses(&[Kind::TooManyRequests])
            .answers(200, "Tokens", RATE_LIMIT, tokens),
        open("/v1/auth/sign-in", "signIn", "Open a session with e-mail address and password")
            .body("SignIn")
            .answers(202, "Challenge", RATE_LIMIT, "The password is right; a code is needed too.")
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
    operations.extend(second_factors());
    operations.extend(passkeys::operations());
    operations.extend(passwords_and_addresses());
    operations.extend(pages());
    operations.extend(crate::external::operations());
    operations.extend(invitations::operations());
    operations.extend(crate::oauth::operations());
    let mut schemas = schemas::schemas();
    schemas.extend(crate::external::schemas().map(|(name, schema)| (name.to_owned(), schema)));
    schemas.extend(invitations::schemas());
    schemas.extend(passkeys::schemas());
    schemas.extend(crate::oauth::schemas().into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    Description { tag: ("auth", "Signing in, and what it opens."), operations, schemas }
}

/// Second factors.
fn second_factors() -> [Operation; 5] {
    let limited = [Kind::Misconfigured, Kind::TooManyRequests, Kind::InsufficientScope];
    let path = "/v1/auth/second-factor";
    [
        Operation::new("get", path, "getSecondFactor", "Whether signing in takes a code")
            .refuses(&[Kind::InsufficientScope])
            .answers(200, "SecondFactor", &[], "Your second factor."),
        Operation::new("post", path, "enrolSecondFactor", "Get a secret for your authenticator")
            .description("It asks for codes once it is confirmed.")
            .body("SecondFactorEnrolment")
            .refuses(&limited)
            .refuses(&[Kind::WrongCredentials, Kind::SecondFactorState])
            .answers(200, "SecondFactorSecret", &[], "The secret, which is shown once."),
        Operation::new(
            "post",
            "/v1/auth/second-factor/confirm",
            "confirmSecondFactor",
            "Show that your authenticator works",
        )
        .description("From now on signing in takes a code.")
        .body("SecondFactorConfirmation")
        .refuses(&limited)
        .refuses(&[Kind::WrongCode, Kind::SecondFactorState])
        .answers(200, "RecoveryCodes", &[], "Codes for when the authenticator is lost, which are shown once."),
        Operation::new("post", "/v1/auth/second-factor/disable", "disableSecondFactor", "Sign in without a code again")
            .body("SecondFactorRemoval")
            .refuses(&limited)
            .refuses(&[Kind::WrongCredentials, Kind::WrongCode, Kind::SecondFactorState])
            .answers_nothing(204, "You have no second factor."),
        Operation::new("post", "/v1/auth/sign-in/second-factor", "answerChallenge", "Open a session with a code")
            .public()
            .body("ChallengeAnswer")
            .refuses(&[Kind::Misconfigured, Kind::TooManyRequests, Kind::InvalidToken, Kind::WrongCode])
            .refuses(&[Kind::NoOrganization])
            .answers(
                200,
                "Tokens",
                RATE_LIMIT,
                "An access token for ten minutes, and a refresh token for the next one.",
            ),
    ]
}

/// Passwords, and addresses that are proven.
fn passwords_and_addresses() -> [Operation; 5] {
    let limited = [Kind::Misconfigured, Kind::TooManyRequests];
    [
        Operation::new("put", "/v1/auth/password", "changePassword", "Change your password")
            .description("It ends all your sessions but this one.")
            .body("PasswordChange")
            .refuses(&limited)
            .refuses(&[Kind::WrongCredentials, Kind::InsufficientScope])
            .answers_nothing(204, "It is changed."),
        Operation::new(
            "post",
            "/v1/auth/password-reset",
            "requestPasswordReset",
            "Get a link for a new password by mail",
        )
        .public()
        .body("PasswordReset")
        .refuses(&limited)
        .answers_nothing(202, "If there is such an account, the mail is on its way."),
        Operation::new("post", "/v1/auth/password-reset/confirm", "resetPassword", "Set a new password")
            .description("It ends all sessions. The token is good for half an hour and for one use.")
            .public()
            .body("PasswordResetConfirmation")
            .refuses(&limited)
            .refuses(&[Kind::InvalidToken])
            .answers_nothing(204, "It is set."),
        Operation::new(
            "post",
            "/v1/auth/email-verification",
            "requestEmailVerification",
            "Get a link that proves your address",
        )
        .refuses(&limited)
        .refuses(&[Kind::InsufficientScope])
        .answers_nothing(202, "The mail is on its way, unless the address is proven."),
        Operation::new("post", "/v1/auth/email-verification/confirm", "verifyEmail", "Prove your address")
            .description("For whoever has signed in to the account. The token is good for a day and for one use.")
            .body("EmailVerificationConfirmation")
            .refuses(&limited)
            .refuses(&[Kind::InvalidToken, Kind::InsufficientScope, Kind::SignInRequired])
            .answers_nothing(204, "It is proven."),
    ]
}

/// The pages for people.
fn pages() -> [Operation; 9] {
    const COOKIES: &[(&str, &str)] = &[("Set-Cookie", "`__Host-session` and `__Host-csrf`.")];
    let page = |method, path, id, summary| Operation::new(method, path, id, summary).public();
    let token = |operation: Operation| {
        operation.query("token", json!({"type": "string"}), "The token of the mail.").answers_page(
            200,
            &[],
            "The page.",
        )
    };
    let used = |operation: Operation| {
        operation
            .refuses(&[Kind::CrossSite, Kind::Misconfigured])
            .answers_page(400, &[], "The token is not, or no longer, good.")
            .answers_page(429, &[("Retry-After", "After how many seconds to try again.")], "Tried too often.")
            .answers_page(200, &[], "Done.")
    };
    [
        token(page("get", "/reset-password", "resetPasswordPage", "The page to choose a new password on")),
        used(
            page("post", "/reset-password", "resetPasswordByPage", "Set a new password")
                .form("PasswordResetConfirmation")
                .answers_page(422, &[], "The password is not taken."),
        ),
        token(page("get", "/verify-email", "verifyEmailPage", "The page to prove an address on, signed in")),
        used(
            page("post", "/verify-email", "verifyEmailByPage", "Prove your address, signed in")
                .form("EmailVerificationForm")
                .answers_nothing(303, "Nobody is signed in: to the page to sign in on, and from there back."),
        ),
        page("get", "/sign-in", "signInPage", "The page to sign in on")
            .query(
                "next",
                json!({"type": "string"}),
                "Where to go afterwards: a path of this installation; others are left out.",
            )
            .refuses(&[Kind::Misconfigured])
            .answers_nothing(303, "Signed in already: on to `next`.")
            .answers_page(200, &[], "The page."),
        page("post", "/sign-in", "signInByPage", "Open a session that the browser keeps")
            .form("SignInForm")
            .refuses(&[Kind::CrossSite, Kind::Misconfigured])
            .answers_page(401, &[], "Address or password is wrong.")
            .answers_page(403, &[], "No such organization.")
            .answers_page(429, &[("Retry-After", "After how many seconds to try again.")], "Tried too often.")
            .answers_page(200, COOKIES, "Signed in; the page goes on to `next`."),
        page(
            "post",
            "/sign-in/second-factor",
            "answerChallengeByPage",
            "Open a session that the browser keeps, with a code",
        )
        .form("ChallengeForm")
        .refuses(&[Kind::CrossSite, Kind::Misconfigured])
        .answers_page(400, &[], "It took too long.")
        .answers_page(403, &[], "The code is wrong, or no such organization.")
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
