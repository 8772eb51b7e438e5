//! The organisation, its members and service accounts.

use bulkhead_audit::Outcome;
use bulkhead_kernel::Role;
use bulkhead_kernel::sql::sql;
use futures::future::join;
use http::Method;
use serde_json::{Value, json};

use crate::scene::{Person, Scene, items, text};

const ORGANIZATION: &str = "/v1/organization";
const MEMBERS: &str = "/v1/organization/members";

fn of(person: &Person) -> String {
    format!("{MEMBERS}/{}", person.id)
}

#[tokio::test]
async fn an_organization_is_read_and_renamed() {
    let scene = Scene::start().await;
    let seen = scene.get(&scene.member, ORGANIZATION).await.with_status(200);
    assert_eq!((&seen.json["slug"], &seen.json["role"]), (&json!("ours"), &json!("member")));
    scene.patch(&scene.member, ORGANIZATION, json!({ "name": "X" })).await.refused(403, "insufficient-role");
    let renamed = scene.patch(&scene.admin, ORGANIZATION, json!({ "name": "New name" })).await.with_status(200);
    assert_eq!((&renamed.json["slug"], &renamed.json["name"]), (&json!("ours"), &json!("New name")));
    scene.patch(&scene.admin, ORGANIZATION, json!({ "slug": "theirs" })).await.refused(409, "slug-taken");
    let faults = scene.patch(&scene.admin, ORGANIZATION, json!({ "slug": "A", "name": "" })).await;
    assert_eq!(faults.refused(422, "invalid-body").faults(), ["/name", "/slug"]);
    assert_eq!(scene.audited("organization.change").await, [Outcome::Succeeded, Outcome::Refused]);
}

#[tokio::test]
async fn another_organization_is_made_by_an_owner() {
    let scene = Scene::start().await;
    let body = json!({ "slug": "second", "name": "Second" });
    scene.post(&scene.admin, "/v1/organizations", body.clone()).await.refused(403, "insufficient-role");
    let made = scene.post(&scene.owner, "/v1/organizations", body.clone()).await.with_status(201);
    assert_eq!(made.json["role"], "owner");
    scene.post(&scene.owner, "/v1/organizations", body).await.refused(409, "slug-taken");
    // A key sees its own organisation alone, whoever signed in sees all.
    assert_eq!(items(&scene.get(&scene.owner, "/v1/organizations").await, "slug"), ["ours"]);
    let signed_in = scene.signed_in(&scene.owner, scene.harness.ours.caller.organization).await;
    assert_eq!(items(&scene.get(&signed_in, "/v1/organizations").await, "slug"), ["ours", "second"]);
}

#[tokio::test]
async fn what_a_member_has_connected_is_disconnected_when_they_go() {
    let scene = Scene::start().await;
    let connect = "INSERT INTO connections (id, organization_id, connector, user_id, label, auth_type, authority, status, \
                   refreshable, version, cleanup_attempts, created_by, created_at, updated_at) \
                   SELECT u.id, m.organization_id, 'mine', u.id, 'work', 'api_key', '', 'active', 0, 1, 0, u.id, 1, 1 \
                   FROM users u JOIN memberships m ON m.user_id = u.id";
    scene.change(connect).await;
    scene.delete(&scene.admin, &of(&scene.member)).await.with_status(204);
    let ended = "SELECT user_id, version FROM connections WHERE status = 'revoked' AND cleanup_at IS NOT NULL";
    let rows = scene.harness.api.ports.sql.query(sql(ended).across_tenants("a test")).await.expect("reads");
    let ended: Vec<(String, i64)> =
        rows.iter().map(|row| (row.get("user_id").expect("an id"), row.get("version").expect("one"))).collect();
    assert_eq!(ended, [(scene.member.id.to_string(), 2)]);
}

#[tokio::test]
async fn a_deleted_organization_is_had_back_once_within_its_time() {
    let scene = Scene::start().await;
    scene.delete(&scene.admin, ORGANIZATION).await.refused(403, "insufficient-role");
    let deleted = scene.delete(&scene.owner, ORGANIZATION).await.with_status(200);
    for person in [&scene.owner, &scene.member] {
        scene.get(person, ORGANIZATION).await.refused(401, "unauthenticated");
    }
    scene.get(&scene.stranger, ORGANIZATION).await.with_status(200);
    let restore = async |token: &str| {
        let call = scene.harness.call(Method::POST, "/v1/organizations/restore");
        call.json(&json!({ "token": token })).send().await
    };
    let token = text(&deleted, "restore_token");
    scene.change("UPDATE organizations SET deleted_at = deleted_at - 2592000001 WHERE slug = 'ours'").await;
    restore(&token).await.refused(404, "unknown-organization");
    scene.change("UPDATE organizations SET deleted_at = deleted_at + 10000 WHERE slug = 'ours'").await;
    restore("bho_").await.refused(404, "unknown-organization");
    assert_eq!(restore(&token).await.with_status(200).json["slug"], "ours");
    restore(&token).await.refused(404, "unknown-organization");
    scene.get(&scene.member, ORGANIZATION).await.with_status(200);
    assert_eq!(scene.audited("organization.restore").await, [Outcome::Succeeded]);
}

#[tokio::test]
async fn members_are_listed_to_members_alone() {
    let scene = Scene::start().await;
    let all = scene.get(&scene.member, MEMBERS).await.with_status(200);
    // Two that are made within a millisecond have no order.
    let names: std::collections::BTreeSet<_> = items(&all, "name").into_iter().collect();
    assert_eq!(names, ["admin", "member", "ours"].into());
    assert_eq!(items(&scene.get(&scene.member, &format!("{MEMBERS}?role=admin")).await, "name"), ["admin"]);
    assert_eq!(items(&scene.get(&scene.stranger, MEMBERS).await, "name"), ["theirs"]);
    let page = scene.get(&scene.member, &format!("{MEMBERS}?limit=2")).await;
    let next = format!("{MEMBERS}?limit=2&cursor={}", text(&page, "next"));
    assert_eq!(items(&scene.get(&scene.member, &next).await, "name"), ["ours"]);
    scene.get(&scene.member, &format!("{MEMBERS}?kind=robot")).await.refused(400, "invalid-parameters");
}

#[tokio::test]
async fn nobody_gives_or_takes_more_than_they_may() {
    let scene = Scene::start().await;
    let to = |role: &str| json!({ "role": role });
    scene.patch(&scene.member, &of(&scene.member), to("admin")).await.refused(403, "insufficient-role");
    scene.patch(&scene.admin, &of(&scene.admin), to("owner")).await.refused(403, "insufficient-role");
    scene.patch(&scene.admin, &of(&scene.owner), to("member")).await.refused(403, "insufficient-role");
    scene.delete(&scene.admin, &of(&scene.owner)).await.refused(403, "insufficient-role");
    scene.delete(&scene.member, &of(&scene.admin)).await.refused(403, "insufficient-role");
    assert_eq!(scene.audited("member.change_role").await, [Outcome::Refused; 3]);
    for person in [&scene.owner, &scene.admin] {
        scene.patch(person, &of(&scene.stranger), to("member")).await.refused(404, "unknown-member");
        scene.delete(person, &of(&scene.stranger)).await.refused(404, "unknown-member");
    }
    scene.patch(&scene.owner, &of(&scene.admin), to("king")).await.refused(422, "invalid-body");
    for _ in 0..2 {
        let changed = scene.patch(&scene.admin, &of(&scene.member), to("admin")).await.with_status(200);
        assert_eq!(changed.json["role"], "admin");
    }
}

#[tokio::test]
async fn an_organization_keeps_an_owner() {
    let scene = Scene::start().await;
    scene.patch(&scene.owner, &of(&scene.owner), json!({ "role": "admin" })).await.refused(409, "last-owner");
    scene.delete(&scene.owner, &of(&scene.owner)).await.refused(409, "last-owner");
    let second = scene.join(Role::Owner, "second").await;
    // Each makes the other one go, at the same time.
    let (owner, path) = (&scene.owner, of(&second));
    let own = of(owner);
    let (one, other) = join(scene.delete(owner, &path), scene.delete(&second, &own)).await;
    let gone = [&one, &other].iter().filter(|answer| answer.status.as_u16() == 204).count();
    assert_eq!(gone, 1, "{} {}", one.json, other.json);
    let left = if one.status.as_u16() == 204 { owner } else { &second };
    assert_eq!(items(&scene.get(left, &format!("{MEMBERS}?role=owner")).await, "role"), ["owner"]);
}

#[tokio::test]
async fn ownership_is_handed_over_to_a_person_of_the_organization() {
    let scene = Scene::start().await;
    let transfer =
        async |who: &Person, to: &str| scene.post(who, "/v1/organization/transfer", json!({ "user": to })).await;
    transfer(&scene.admin, &scene.admin.id.to_string()).await.refused(403, "insufficient-role");
    let robot = json!({ "name": "CI", "role": "admin" });
    let robot = text(&scene.post(&scene.admin, "/v1/service-accounts", robot).await.with_status(201), "user");
    for nobody in [scene.stranger.id.to_string(), scene.owner.id.to_string(), robot] {
        transfer(&scene.owner, &nobody).await.refused(404, "unknown-member");
    }
    transfer(&scene.owner, &scene.member.id.to_string()).await.with_status(204);
    assert_eq!(items(&scene.get(&scene.admin, &format!("{MEMBERS}?role=owner")).await, "name"), ["member"]);
    assert_eq!(scene.get(&scene.owner, ORGANIZATION).await.json["role"], "admin");
}

#[tokio::test]
async fn with_a_membership_its_keys_and_sessions_end_for_good() {
    let scene = Scene::start().await;
    let ours = scene.harness.ours.caller.organization;
    let session = scene.signed_in(&scene.member, ours).await;
    scene.get(&session, ORGANIZATION).await.with_status(200);
    scene.delete(&scene.admin, &of(&scene.member)).await.with_status(204);
    scene
        .change(
            "INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT o.id, u.id, 'member', 1 \
                  FROM organizations o, users u WHERE o.slug = 'ours' AND u.name = 'member'",
        )
        .await;
    for credential in [&scene.member, &session] {
        scene.get(credential, ORGANIZATION).await.refused(401, "unauthenticated");
    }
    // Whoever wants to leave may.
    let leaver = scene.join(Role::Member, "leaver").await;
    scene.delete(&leaver, &of(&leaver)).await.with_status(204);
    scene.get(&leaver, ORGANIZATION).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_service_account_acts_by_its_keys_until_it_ends() {
    let scene = Scene::start().await;
    let make = async |who: &Person, role: &str| {
        scene.post(who, "/v1/service-accounts", json!({ "name": "CI", "role": role })).await
    };
    make(&scene.member, "member").await.refused(403, "insufficient-role");
    assert_eq!(make(&scene.owner, "owner").await.refused(422, "invalid-body").faults(), ["/role"]);
    let made = make(&scene.admin, "member").await.with_status(201);
    assert_eq!((&made.json["kind"], &made.json["email"]), (&json!("service"), &Value::Null));
    let user = text(&made, "user");
    let key = json!({ "name": "ci", "user": user, "scopes": ["organization"], "networks": ["10.0.0.0/8"] });
    scene.post(&scene.member, "/v1/api-keys", key.clone()).await.refused(403, "insufficient-role");
    scene.post(&scene.stranger, "/v1/api-keys", key.clone()).await.refused(404, "unknown-member");
    let key = text(&scene.post(&scene.admin, "/v1/api-keys", key).await.with_status(201), "token");
    let call = async || scene.harness.call(Method::GET, ORGANIZATION).key(&key).from("10.0.0.1").send().await;
    assert_eq!(call().await.with_status(200).json["role"], "member");
    let path = format!("{MEMBERS}/{user}");
    scene.patch(&scene.owner, &path, json!({ "role": "owner" })).await.refused(422, "invalid-body");
    assert_eq!(items(&scene.get(&scene.admin, &format!("{MEMBERS}?kind=service")).await, "user"), [user]);
    scene.delete(&scene.admin, &path).await.with_status(204);
    call().await.refused(401, "unauthenticated");
    scene
        .post(&scene.admin, "/v1/api-keys", json!({ "name": "ci", "user": text(&made, "user") }))
        .await
        .refused(404, "unknown-member");
}
