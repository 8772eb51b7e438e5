//! Teams and projects.

use std::collections::BTreeSet;

use bulkhead_audit::Outcome;
use bulkhead_kernel::Role;
use serde_json::{Value, json};

use crate::scene::{Person, Scene, items, text};

fn named(slug: &str) -> Value {
    json!({ "slug": slug, "name": slug })
}

async fn made(scene: &Scene, path: &str, slug: &str) -> String {
    format!("{path}/{}", text(&scene.post(&scene.admin, path, named(slug)).await.with_status(201), "id"))
}

#[tokio::test]
async fn a_team_is_made_changed_and_deleted_by_admins() {
    let scene = Scene::start().await;
    scene.post(&scene.member, "/v1/teams", named("a")).await.refused(403, "insufficient-role");
    let team = made(&scene, "/v1/teams", "a").await;
    made(&scene, "/v1/teams", "b").await;
    scene.post(&scene.admin, "/v1/teams", named("a")).await.refused(409, "slug-taken");
    scene.post(&scene.stranger, "/v1/teams", named("a")).await.with_status(201);
    assert_eq!(items(&scene.get(&scene.member, "/v1/teams").await, "slug"), ["b", "a"]);
    assert_eq!(scene.get(&scene.member, &team).await.with_status(200).json["slug"], "a");
    scene.patch(&scene.admin, &team, named("b")).await.refused(409, "slug-taken");
    assert_eq!(scene.patch(&scene.admin, &team, json!({ "slug": "c" })).await.with_status(200).json["name"], "a");
    scene.patch(&scene.member, &team, named("d")).await.refused(403, "insufficient-role");
    let faults = scene.post(&scene.admin, "/v1/teams", json!({ "slug": "-", "name": " " })).await;
    assert_eq!(faults.refused(422, "invalid-body").faults(), ["/name", "/slug"]);
    let person = format!("{team}/members/{}", scene.member.id);
    for path in [&team, &format!("{team}/members")] {
        scene.get(&scene.stranger, path).await.refused(404, "unknown-team");
    }
    scene.patch(&scene.stranger, &team, named("d")).await.refused(404, "unknown-team");
    scene.delete(&scene.stranger, &team).await.refused(404, "unknown-team");
    scene.put(&scene.stranger, &person, Value::Null).await.refused(404, "unknown-team");
    scene.delete(&scene.stranger, &person).await.refused(404, "unknown-team");
    scene.delete(&scene.member, &team).await.refused(403, "insufficient-role");
    scene.put(&scene.admin, &person, Value::Null).await.with_status(204);
    scene.delete(&scene.admin, &team).await.with_status(204);
    scene.delete(&scene.admin, &team).await.refused(404, "unknown-team");
    assert_eq!(scene.audited("team.delete").await, [Outcome::Succeeded, Outcome::Refused]);
}

#[tokio::test]
async fn a_team_has_members_of_its_organization_alone() {
    let scene = Scene::start().await;
    let team = made(&scene, "/v1/teams", "a").await;
    let of = |person: &Person| format!("{team}/members/{}", person.id);
    scene.put(&scene.member, &of(&scene.member), Value::Null).await.refused(403, "insufficient-role");
    scene.put(&scene.admin, &of(&scene.stranger), Value::Null).await.refused(404, "unknown-member");
    for _ in 0..2 {
        scene.put(&scene.admin, &of(&scene.member), Value::Null).await.with_status(204);
    }
    assert_eq!(scene.audited("team.add_member").await, [Outcome::Succeeded, Outcome::Refused]);
    assert_eq!(items(&scene.get(&scene.member, &format!("{team}/members")).await, "name"), ["member"]);
    scene.delete(&scene.member, &of(&scene.member)).await.refused(403, "insufficient-role");
    for _ in 0..2 {
        scene.delete(&scene.admin, &of(&scene.member)).await.with_status(204);
    }
    assert_eq!(scene.get(&scene.member, &format!("{team}/members")).await.json["items"], json!([]));
}

#[tokio::test]
async fn the_highest_role_counts_and_without_one_there_is_no_project() {
    let scene = Scene::start().await;
    let project = made(&scene, "/v1/projects", "a").await;
    let (low, high) = (made(&scene, "/v1/teams", "low").await, made(&scene, "/v1/teams", "high").await);
    let role = async |who: &Person| {
        let answer = scene.get(who, &project).await;
        let listed = scene.get(who, "/v1/projects").await;
        let roles: Vec<_> = items(&listed, "role").into_iter().map(str::to_owned).collect();
        assert_eq!(roles.first().map(String::as_str), answer.json["role"].as_str());
        if answer.status.as_u16() == 404 { None } else { Some(text(&answer, "role")) }
    };
    assert_eq!(role(&scene.member).await, None);
    assert_eq!(role(&scene.stranger).await, None);
    assert_eq!(role(&scene.owner).await.as_deref(), Some("maintainer"));
    let set = async |holder: &str, role: &str| {
        let path = format!("{project}/roles/{holder}");
        scene.put(&scene.admin, &path, json!({ "role": role })).await.with_status(204);
    };
    let of_team = |team: &str| team.replace("/v1/", "");
    for team in [&low, &high] {
        scene.put(&scene.admin, &format!("{team}/members/{}", scene.member.id), Value::Null).await.with_status(204);
    }
    set(&of_team(&low), "viewer").await;
    assert_eq!(role(&scene.member).await.as_deref(), Some("viewer"));
    let own = format!("users/{}", scene.member.id);
    set(&own, "developer").await;
    assert_eq!(role(&scene.member).await.as_deref(), Some("developer"));
    set(&of_team(&high), "maintainer").await;
    assert_eq!(role(&scene.member).await.as_deref(), Some("maintainer"));
    let listed = scene.get(&scene.member, &format!("{project}/roles")).await.with_status(200);
    // By id, which says nothing of two that were made within a millisecond.
    let all = items(&listed, "name");
    assert_eq!(all.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(["admin", "high", "low", "member"]));
    let first = scene.get(&scene.member, &format!("{project}/roles?limit=3")).await;
    let next = format!("{project}/roles?cursor={}", text(&first, "next"));
    let second = scene.get(&scene.member, &next).await;
    assert_eq!([items(&first, "name"), items(&second, "name")], [all[..3].to_vec(), all[3..].to_vec()]);
    scene.delete(&scene.admin, &high).await.with_status(204);
    assert_eq!(role(&scene.member).await.as_deref(), Some("developer"));
    for _ in 0..2 {
        scene.delete(&scene.admin, &format!("{project}/roles/{own}")).await.with_status(204);
    }
    scene.delete(&scene.admin, &format!("{low}/members/{}", scene.member.id)).await.with_status(204);
    assert_eq!(role(&scene.member).await, None);
}

#[tokio::test]
async fn each_project_role_may_what_it_may() {
    let scene = Scene::start().await;
    let project = made(&scene, "/v1/projects", "a").await;
    let other = scene.join(Role::Member, "other").await;
    let (own, others) =
        (format!("{project}/roles/users/{}", scene.member.id), format!("{project}/roles/users/{}", other.id));
    let team = made(&scene, "/v1/teams", "t").await.replace("/v1/", &format!("{project}/roles/"));
    let viewer = json!({ "role": "viewer" });
    for role in ["viewer", "developer"] {
        scene.put(&scene.admin, &own, json!({ "role": role })).await.with_status(204);
        scene.get(&scene.member, &format!("{project}/roles")).await.with_status(200);
        scene.patch(&scene.member, &project, named("x")).await.refused(403, "insufficient-role");
        for path in [&own, &others, &team] {
            let refused = scene.put(&scene.member, path, json!({ "role": "maintainer" })).await;
            assert_eq!(refused.refused(403, "insufficient-role").json["role"], "maintainer");
            scene.delete(&scene.member, path).await.refused(403, "insufficient-role");
        }
        scene.delete(&scene.member, &project).await.refused(403, "insufficient-role");
    }
    for who in [&scene.stranger, &other] {
        scene.get(who, &project).await.refused(404, "unknown-project");
        scene.get(who, &format!("{project}/roles")).await.refused(404, "unknown-project");
        scene.patch(who, &project, named("x")).await.refused(404, "unknown-project");
        for path in [&own, &team] {
            scene.put(who, path, viewer.clone()).await.refused(404, "unknown-project");
            scene.delete(who, path).await.refused(404, "unknown-project");
        }
        scene.delete(who, &project).await.refused(404, "unknown-project");
    }
    scene.put(&scene.admin, &own, json!({ "role": "maintainer" })).await.with_status(204);
    let changed = scene.patch(&scene.member, &project, json!({ "description": "What it is.\nMore." })).await;
    assert_eq!(changed.with_status(200).json["description"], "What it is.\nMore.");
    scene.put(&scene.member, &others, viewer.clone()).await.with_status(204);
    scene.put(&scene.member, &team, viewer.clone()).await.with_status(204);
    let unknown = format!("{project}/roles/users/{}", scene.stranger.id);
    scene.put(&scene.member, &unknown, viewer.clone()).await.refused(404, "unknown-member");
    let unknown = format!("{project}/roles/teams/{}", scene.stranger.id);
    scene.put(&scene.member, &unknown, viewer).await.refused(404, "unknown-team");
    assert_eq!(
        scene.put(&scene.member, &others, json!({ "role": "owner" })).await.refused(422, "invalid-body").faults(),
        ["/role"]
    );
    assert_eq!(scene.audited("project.change").await, [Outcome::Succeeded, Outcome::Refused, Outcome::Refused]);
}

#[tokio::test]
async fn a_deleted_project_is_had_back_within_its_time() {
    let scene = Scene::start().await;
    scene.post(&scene.member, "/v1/projects", named("a")).await.refused(403, "insufficient-role");
    let project = made(&scene, "/v1/projects", "a").await;
    scene.post(&scene.admin, "/v1/projects", named("a")).await.refused(409, "slug-taken");
    let restore = format!("{project}/restore");
    scene.delete(&scene.admin, &project).await.with_status(204);
    scene.delete(&scene.admin, &project).await.refused(404, "unknown-project");
    scene.get(&scene.owner, &project).await.refused(404, "unknown-project");
    scene.post(&scene.member, &restore, Value::Null).await.refused(403, "insufficient-role");
    scene.post(&scene.stranger, &restore, Value::Null).await.refused(404, "unknown-project");
    // Its slug is free meanwhile.
    let other = made(&scene, "/v1/projects", "a").await;
    scene.post(&scene.admin, &restore, Value::Null).await.refused(409, "slug-taken");
    scene.delete(&scene.admin, &other).await.with_status(204);
    scene.change("UPDATE projects SET deleted_at = deleted_at - 2592000001").await;
    scene.post(&scene.admin, &restore, Value::Null).await.refused(404, "unknown-project");
    scene.change("UPDATE projects SET deleted_at = deleted_at + 10000").await;
    for _ in 0..2 {
        scene.post(&scene.admin, &restore, Value::Null).await.with_status(200);
    }
    let bad = json!({ "slug": "A", "name": "", "description": "x".repeat(1001) });
    let faults = scene.post(&scene.admin, "/v1/projects", bad).await.refused(422, "invalid-body");
    assert_eq!(faults.faults(), ["/description", "/name", "/slug"]);
}
