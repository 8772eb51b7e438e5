//! Invitations: what an admin does, and what whoever is invited does.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Operation, page_of};
use serde_json::{Map, Value, json};

use super::RATE_LIMIT;

const RETRY: &[(&str, &str)] = &[("Retry-After", "After how many seconds to try again.")];

pub(super) fn operations() -> Vec<Operation> {
    let path = "/v1/organization/invitations";
    let denied = [Kind::InsufficientRole, Kind::InsufficientScope];
    let mailed = [Kind::TooManyRequests, Kind::Misconfigured];
    let id = || json!({"type": "string", "format": "uuid"});
    let mut operations = vec![
        Operation::new("get", path, "listInvitations", "Invitations that can be taken")
            .paged()
            .refuses(&denied)
            .answers(
                200,
                "InvitationPage",
                &[("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.")],
                "A page of invitations, newest first.",
            ),
        Operation::new("post", path, "createInvitation", "Invite somebody by a mail")
            .description("In the place of an earlier invitation for the address. Nobody gives more than they have.")
            .body("NewInvitation")
            .refuses(&denied)
            .refuses(&mailed)
            .refuses(&[Kind::AlreadyMember, Kind::SignInRequired])
            .answers(
                201,
                "IssuedInvitation",
                RATE_LIMIT,
                "The invitation; what it is taken with, if you asked for that.",
            ),
        Operation::new(
            "post",
            "/v1/organization/invitations/{id}/resend",
            "resendInvitation",
            "Mail an invitation once more",
        )
        .description(
            "It lasts a week from now, also if it had expired. The link of the earlier mail is no longer good.",
        )
        .path("id", id(), "The invitation's id.")
        .body("InvitationResending")
        .refuses(&denied)
        .refuses(&mailed)
        .refuses(&[Kind::UnknownInvitation, Kind::SignInRequired])
        .answers(
            200,
            "IssuedInvitation",
            RATE_LIMIT,
            "The invitation; what it is taken with, if you asked for that.",
        ),
        Operation::new("delete", "/v1/organization/invitations/{id}", "revokeInvitation", "Take an invitation back")
            .path("id", id(), "The invitation's id.")
            .refuses(&denied)
            .refuses(&[Kind::UnknownInvitation])
            .answers_nothing(204, "It is over, now or before."),
        Operation::new("post", "/v1/invitations/accept", "acceptInvitation", "Take an invitation")
            .description(
                "For who has signed in, and whose verified address it is for. Taking it again changes nothing.",
            )
            .body("InvitationToken")
            .refuses(&[Kind::InsufficientScope, Kind::SignInRequired, Kind::AddressMismatch])
            .refuses(&[Kind::UnknownInvitation, Kind::AlreadyMember])
            .refuses(&mailed)
            .answers(200, "Joined", RATE_LIMIT, "Where you belong now."),
    ];
    operations.extend(pages());
    operations
}

fn pages() -> [Operation; 3] {
    const COOKIES: &[(&str, &str)] = &[("Set-Cookie", "`__Host-session` and `__Host-csrf`.")];
    let page = |method, path, id, summary| {
        Operation::new(method, path, id, summary)
            .public()
            .refuses(&[Kind::Misconfigured])
            .answers_page(404, &[], "There is no such invitation, or it is over.")
            .answers_page(429, RETRY, "Tried too often.")
    };
    [
        page("get", "/invitations", "invitationPage", "The page of an invitation, where its mail leads")
            .query("token", json!({"type": "string"}), "The token of the mail.")
            .answers_page(200, &[], "Who invites to what."),
        page("post", "/invitations", "acceptInvitationByPage", "Take an invitation, signed in")
            .form("InvitationForm")
            .refuses(&[Kind::CrossSite])
            .answers_nothing(303, "Nobody is signed in: to the page to sign in on, and from there back.")
            .answers_page(200, &[], "You belong to it now.")
            .answers_page(403, &[], "It is for another address, or yours is not proven.")
            .answers_page(409, &[], "You belong to it already."),
        page("post", "/invitations/sign-up", "signUpInvitedByPage", "Make an account with an invitation")
            .form("SignUpInvited")
            .refuses(&[Kind::CrossSite])
            .answers_page(200, COOKIES, "You belong to it now, and are signed in.")
            .answers_page(409, &[], "There is an account with this address.")
            .answers_page(422, &[], "Name or password is not taken."),
    ]
}

pub(super) fn schemas() -> Map<String, Value> {
    let role = || json!({"enum": ["owner", "admin", "member"], "description": "What they may do."});
    let text = |description: &str| json!({"type": "string", "description": description});
    let time = |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    let id = |description: &str| json!({"type": "string", "format": "uuid", "description": description});
    let show_link = || {
        json!({
            "type": "boolean", "default": false,
            "description": "Whether the answer has `token` and `link` too, to bring them to whom they are for by yourself.",
        })
    };
    let body = |description: &str, required: Value, properties: Value| {
        json!({
            "type": "object", "description": description, "required": required, "additionalProperties": false,
            "properties": properties,
        })
    };
    let object = |description: &str, required: Value, properties: Value| json!({"type": "object", "description": description, "required": required, "properties": properties});
    let entries = [
        ("InvitationPage", page_of("Invitation")),
        (
            "Invitation",
            object(
                "An invitation.",
                json!(["id", "email", "role", "invited_by", "created_at", "expires_at"]),
                json!({
                    "id": id("Its id."),
                    "email": text("Whom it is for."),
                    "role": role(),
                    "invited_by": id("Who gave it, or mailed it again."),
                    "created_at": time("When."),
                    "expires_at": time("Until when it can be taken."),
                }),
            ),
        ),
        (
            "NewInvitation",
            body(
                "Whom to invite.",
                json!(["email", "role"]),
                json!({"email": text("Their address."), "role": role(), "show_link": show_link()}),
            ),
        ),
        ("InvitationResending", body("How to answer.", json!([]), json!({"show_link": show_link()}))),
        (
            "IssuedInvitation",
            object(
                "An invitation that was given.",
                json!(["invitation"]),
                json!({
                    "invitation": {"$ref": "#/components/schemas/Invitation"},
                    "token": text("What it is taken with. It is kept nowhere."),
                    "link": text("The same as an address."),
                }),
            ),
        ),
        ("InvitationToken", body("An invitation.", json!(["token"]), json!({"token": text("What it is taken with.")}))),
        (
            "InvitationForm",
            body(
                "The page's form.",
                json!(["csrf", "token"]),
                json!({"csrf": text("The page's own."), "token": text("What the invitation is taken with.")}),
            ),
        ),
        (
            "Joined",
            object(
                "A membership.",
                json!(["organization", "role"]),
                json!({"organization": id("The organization."), "role": role()}),
            ),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
