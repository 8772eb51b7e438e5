//! `/v1/organization`, `/v1/organizations`, members and service accounts.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Operation, page_of};
use serde_json::{Map, Value, json};

use super::words::{DENIED, LINK, Part, RATE_LIMIT, body, id, maybe, object, schemas, text, time, uuid};

pub(super) fn part() -> Part {
    let mut operations = organizations();
    operations.extend(members());
    (operations, described())
}

fn organizations() -> Vec<Operation> {
    vec![
        Operation::new("get", "/v1/organization", "getOrganization", "Your organization").refuses(&DENIED).answers(
            200,
            "Organization",
            &[],
            "The organization, and your role in it.",
        ),
        Operation::new("patch", "/v1/organization", "changeOrganization", "Rename your organization")
            .body("OrganizationChange")
            .refuses(&DENIED)
            .refuses(&[Kind::SlugTaken])
            .answers(200, "Organization", &[], "The organization as it is now."),
        Operation::new("delete", "/v1/organization", "deleteOrganization", "Delete your organization")
            .description("From now on no credential is good for it. For 30 days the token gives it back as it was.")
            .refuses(&DENIED)
            .answers(200, "DeletedOrganization", &[], "How to have it back."),
        Operation::new("post", "/v1/organization/transfer", "transferOwnership", "Hand your organization over")
            .description("Somebody else owns it in your place; you go on as an admin.")
            .body("Transfer")
            .refuses(&DENIED)
            .refuses(&[Kind::UnknownMember, Kind::SignInRequired])
            .answers_nothing(204, "It is theirs."),
        Operation::new("get", "/v1/organizations", "listOrganizations", "The organizations that you belong to")
            .description("A key, and what was granted to a client, sees its own alone. They are on one page.")
            .refuses(&DENIED)
            .answers(200, "OrganizationPage", &[], "The organizations, by slug."),
        Operation::new("post", "/v1/organizations", "createOrganization", "Make another organization")
            .body("NewOrganization")
            .refuses(&DENIED)
            .refuses(&[Kind::SlugTaken])
            .answers(201, "Organization", &[], "The organization, which you own."),
        Operation::new("post", "/v1/organizations/restore", "restoreOrganization", "Have a deleted organization back")
            .public()
            .body("Restoration")
            .refuses(&[Kind::UnknownOrganization, Kind::TooManyRequests, Kind::Misconfigured])
            .answers(200, "RestoredOrganization", &RATE_LIMIT, "The organization."),
    ]
}

fn members() -> Vec<Operation> {
    let user = "The user's id.";
    vec![
        Operation::new("get", "/v1/organization/members", "listMembers", "Your organization's members")
            .query("kind", json!({"enum": ["person", "service"]}), "Of this kind.")
            .query("role", json!({"enum": ["owner", "admin", "member"]}), "With this role.")
            .paged()
            .refuses(&DENIED)
            .answers(200, "MemberPage", &LINK, "A page of members, the newest users first."),
        Operation::new("patch", "/v1/organization/members/{user}", "changeMember", "Give a member another role")
            .description("Owners are made, and made something else, by owners alone; one of them stays.")
            .path("user", uuid(), user)
            .body("MemberChange")
            .refuses(&DENIED)
            .refuses(&[Kind::UnknownMember, Kind::LastOwner, Kind::SignInRequired])
            .answers(200, "Member", &[], "The member as it is now."),
        Operation::new("delete", "/v1/organization/members/{user}", "removeMember", "Remove a member, or leave")
            .description(
                "With the keys and sessions that the user has in the organization. A service account ends with it.",
            )
            .path("user", uuid(), user)
            .refuses(&DENIED)
            .refuses(&[Kind::UnknownMember, Kind::LastOwner])
            .answers_nothing(204, "They belong to it no longer."),
        Operation::new("post", "/v1/service-accounts", "createServiceAccount", "Make a service account")
            .description("A member without an address or a password, which acts by API keys alone: for CI.")
            .body("NewServiceAccount")
            .refuses(&DENIED)
            .refuses(&[Kind::SignInRequired])
            .answers(201, "Member", &[], "The service account."),
    ]
}

fn described() -> Map<String, Value> {
    let role = json!({"enum": ["owner", "admin", "member"], "description": "What they may do."});
    let slug = text("Its name in addresses: lower-case letters, digits and single hyphens between them, at most 63.");
    let name = text("Its name: 1 to 100 characters.");
    let organization =
        json!({"id": id("Its id."), "slug": slug, "name": name, "created_at": time("When it was made.")});
    let mut own = organization.clone();
    own["role"] = role.clone();
    schemas([
        ("Organization", object("An organization, and your role in it.", own)),
        ("RestoredOrganization", object("An organization that is there again.", organization)),
        ("OrganizationPage", page_of("Organization")),
        ("OrganizationChange", body("What to change; what is absent stays.", &[], json!({"slug": slug, "name": name}))),
        ("NewOrganization", body("What it is called.", &["slug", "name"], json!({"slug": slug, "name": name}))),
        (
            "DeletedOrganization",
            object(
                "How to have it back.",
                json!({
                    "restore_token": text("Good once. Keep it: nobody can sign in to a deleted organization."),
                    "restorable_until": time("Until when."),
                }),
            ),
        ),
        ("Restoration", body("What gives it back.", &["token"], json!({"token": text("The token of its deletion.")}))),
        ("Transfer", body("To whom.", &["user"], json!({"user": id("A person of your organization.")}))),
        ("MemberPage", page_of("Member")),
        (
            "Member",
            object(
                "Who belongs to an organization.",
                json!({
                    "user": id("The user's id."),
                    "kind": {"enum": ["person", "service"], "description": "A person or a service account."},
                    "name": text("Their name."),
                    "email": maybe("Where mail reaches a person."),
                    "avatar_url": maybe("A picture."),
                    "role": role,
                    "created_at": time("Since when."),
                }),
            ),
        ),
        ("MemberChange", body("What to change.", &["role"], json!({"role": role}))),
        (
            "NewServiceAccount",
            body(
                "An account for a machine.",
                &["name", "role"],
                json!({"name": name, "role": {"enum": ["admin", "member"], "description": "What it may do."}}),
            ),
        ),
    ])
}
