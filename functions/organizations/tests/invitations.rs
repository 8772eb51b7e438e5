//! Invitations.

mod scene;

use std::sync::Arc;

use bulkhead_audit::Outcome;
use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::variables;
use http::Method;
use scene::{Person, Scene, items, text};
use serde_json::{Value, json};

const PATH: &str = "/v1/organization/invitations";

async fn invite(scene: &Scene, who: &Person, email: &str, role: &str) -> bulkhead_testkit::functions::Answer {
    scene.post(who, PATH, json!({ "email": email, "role": role })).await
}

async fn accept(scene: &Scene, who: &Person, token: &str) -> bulkhead_testkit::functions::Answer {
    scene.post(who, "/v1/invitations/accept", json!({ "token": token })).await
}

/// The stranger, who signed in to their own organisation with a verified address.
async fn guest(scene: &Scene) -> Person {
    scene.change("UPDATE users SET email_verified_at = 1 WHERE email = 'theirs@example.com'").await;
    scene.signed_in(&scene.stranger, scene.harness.theirs.caller.organization).await
}

#[tokio::test]
async fn who_is_invited_comes_with_the_role_and_nobody_else() {
    let scene = Scene::start().await;
    let issued = invite(&scene, &scene.admin, "Theirs@Example.com", "admin").await.with_status(201);
    let token = text(&issued, "token");
    assert_eq!(issued.json["link"], format!("https://bulkhead.example.com/invitations#{token}"));
    assert_eq!(items(&scene.get(&scene.admin, PATH).await, "email"), ["theirs@example.com"]);
    accept(&scene, &scene.stranger, &token).await.refused(403, "sign-in-required");
    let signed_in = scene.signed_in(&scene.stranger, scene.harness.theirs.caller.organization).await;
    accept(&scene, &signed_in, &token).await.refused(403, "address-mismatch");
    let member = scene.signed_in(&scene.member, scene.harness.ours.caller.organization).await;
    accept(&scene, &member, &token).await.refused(403, "address-mismatch");
    let guest = guest(&scene).await;
    let ours = scene.harness.ours.caller.organization.to_string();
    for _ in 0..2 {
        let joined = accept(&scene, &guest, &token).await.with_status(200);
        assert_eq!(joined.json, json!({ "organization": ours, "role": "admin" }));
    }
    accept(&scene, &member, &token).await.refused(404, "unknown-invitation");
    assert_eq!(items(&scene.get(&guest, "/v1/organizations").await, "slug"), ["ours", "theirs"]);
    assert_eq!(items(&scene.get(&scene.admin, PATH).await, "email"), Vec::<&str>::new());
    assert_eq!(scene.audited("invitation.accept").await[0], Outcome::Succeeded);
}

#[tokio::test]
async fn nobody_invites_for_more_than_they_may() {
    let scene = Scene::start().await;
    invite(&scene, &scene.member, "x@example.com", "member").await.refused(403, "insufficient-role");
    invite(&scene, &scene.admin, "x@example.com", "owner").await.refused(403, "insufficient-role");
    invite(&scene, &scene.owner, "x@example.com", "owner").await.with_status(201);
    invite(&scene, &scene.admin, "member@example.com", "member").await.refused(409, "already-member");
    assert_eq!(
        invite(&scene, &scene.admin, "nobody", "member").await.refused(422, "invalid-body").faults(),
        ["/email"]
    );
    scene.get(&scene.member, PATH).await.refused(403, "insufficient-role");
    assert_eq!(scene.get(&scene.stranger, PATH).await.with_status(200).json["items"], json!([]));
}

#[tokio::test]
async fn what_is_over_can_not_be_taken() {
    let scene = Scene::start().await;
    let guest = guest(&scene).await;
    let issue = async || {
        let issued = invite(&scene, &scene.admin, "theirs@example.com", "member").await.with_status(201);
        (text(&issued, "token"), issued.json["invitation"]["id"].as_str().expect("an id").to_owned())
    };
    // Replaced by another one for the same address.
    let (first, _) = issue().await;
    let (second, id) = issue().await;
    accept(&scene, &guest, &first).await.refused(404, "unknown-invitation");
    // Taken back.
    let path = format!("{PATH}/{id}");
    scene.delete(&scene.stranger, &path).await.refused(404, "unknown-invitation");
    scene.delete(&scene.member, &path).await.refused(403, "insufficient-role");
    for _ in 0..2 {
        scene.delete(&scene.admin, &path).await.with_status(204);
    }
    accept(&scene, &guest, &second).await.refused(404, "unknown-invitation");
    // Expired, or given by somebody who may no longer, or of an organisation that is gone.
    for (change, back) in [
        (
            "UPDATE invitations SET expires_at = expires_at - 604800001",
            "UPDATE invitations SET expires_at = expires_at + 604800001",
        ),
        (
            "UPDATE memberships SET role = 'member' WHERE user_id = (SELECT id FROM users WHERE name = 'admin')",
            "UPDATE memberships SET role = 'admin' WHERE user_id = (SELECT id FROM users WHERE name = 'admin')",
        ),
        ("UPDATE organizations SET deleted_at = 1 WHERE slug = 'ours'", "UPDATE organizations SET deleted_at = NULL"),
    ] {
        let (token, _) = issue().await;
        scene.change(change).await;
        accept(&scene, &guest, &token).await.refused(404, "unknown-invitation");
        scene.change(back).await;
    }
    for nonsense in ["", "bhi_", &format!("bhi_{}", "0".repeat(64))] {
        accept(&scene, &guest, nonsense).await.refused(404, "unknown-invitation");
    }
}

#[tokio::test]
async fn a_token_is_kept_by_its_hash_alone() {
    let scene = Scene::start().await;
    let token = text(&invite(&scene, &scene.admin, "x@example.com", "member").await, "token");
    let rows = scene
        .harness
        .api
        .ports
        .sql
        .query(bulkhead_kernel::sql::sql("SELECT * FROM invitations").across_tenants("a test"))
        .await;
    let kept = format!("{:?}", rows.expect("reads"));
    assert!(kept.contains("x@example.com") && !kept.contains(&token[4..]));
    let call = scene.harness.call(Method::POST, "/v1/invitations/accept").json(&json!({ "token": token }));
    call.send().await.refused(401, "unauthenticated");
    assert_ne!(scene.get(&scene.admin, PATH).await.json["items"], Value::Null);
}

#[tokio::test]
async fn how_long_an_invitation_lasts_is_the_operators_to_say() {
    let mut scene = Scene::start().await;
    let mut changed = variables();
    changed.insert("lifetimes".to_owned(), Secret::new("invitation=2d".to_owned()));
    scene.harness.api.variables = Arc::new(changed);
    invite(&scene, &scene.admin, "ada@example.com", "member").await.with_status(201);
    let lasts = sql("SELECT expires_at - created_at AS lifetime FROM invitations").across_tenants("a test");
    let row = scene.harness.api.ports.sql.query_optional(lasts).await.expect("reads").expect("an invitation");
    assert_eq!(row.get("lifetime"), Ok(2 * 24 * 60 * 60 * 1000_i64));
}
