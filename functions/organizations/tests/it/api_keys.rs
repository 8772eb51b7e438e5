//! `/v1/api-keys`

use std::sync::Arc;

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_function_organizations::{describe, router};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{PageRequest, Role, Secret};
use bulkhead_testkit::functions::{Answer, Harness, variables};
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/api-keys";

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

async fn set_role(harness: &Harness, role: Role) {
    let user = harness.ours.caller.user;
    let statement = sql("UPDATE memberships SET role = $2 WHERE user_id = $1")
        .bind(user)
        .bind(role.as_str())
        .across_tenants("a test");
    harness.api.ports.sql.execute(statement).await.expect("a role");
}

async fn create(harness: &Harness, key: &str, body: Value) -> Answer {
    harness.call(Method::POST, PATH).key(key).json(&body).send().await
}

/// A key of ours as asked for, and its id.
async fn made(harness: &Harness, body: Value) -> (String, String) {
    taken(&create(harness, &harness.ours.key, body).await.with_status(201))
}

fn taken(answer: &Answer) -> (String, String) {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&answer.json["token"]), text(&answer.json["api_key"]["id"]))
}

async fn list(harness: &Harness, key: &str) -> Answer {
    harness.call(Method::GET, PATH).key(key).send().await
}

async fn rotate(harness: &Harness, key: &str, id: &str, body: Value) -> Answer {
    harness.call(Method::POST, &format!("{PATH}/{id}/rotate")).key(key).json(&body).send().await
}

async fn audited(harness: &Harness, action: &str) -> Vec<Outcome> {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    let page = bulkhead_audit::list(&harness.api.ports, &harness.ours.caller, &filter, &PageRequest::default()).await;
    page.expect("reads").items.iter().map(|event| event.outcome).collect()
}

async fn expire(harness: &Harness, id: &str, change: &str) {
    let statement = sql(format!("UPDATE api_keys SET {change} WHERE id = $1")).bind(id).across_tenants("a test");
    assert_eq!(harness.api.ports.sql.execute(statement).await, Ok(1));
}

#[tokio::test]
async fn how_long_keys_last_is_the_operators_to_say() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let mut harness = harness().await;
    let mut changed = variables();
    changed.insert("lifetimes".to_owned(), Secret::new("api-key=3d api-key-max=10d".to_owned()));
    harness.api.variables = Arc::new(changed);
    let key = &harness.ours.key;
    create(&harness, key, json!({ "name": "x", "expires_in_days": 11 })).await.refused(422, "invalid-body");
    create(&harness, key, json!({ "name": "x", "expires_in_days": 10 })).await.with_status(201);
    create(&harness, key, json!({ "name": "x" })).await.with_status(201);
    let lasts =
        "SELECT MIN(expires_at - created_at) AS shortest, MAX(expires_at - created_at) AS longest FROM api_keys";
    let row = harness.api.ports.sql.query_optional(sql(lasts).across_tenants("a test")).await.expect("reads");
    let row = row.expect("a row");
    assert_eq!((row.get("shortest"), row.get("longest")), (Ok(3 * DAY), Ok(10 * DAY)));
}

#[tokio::test]
async fn a_key_is_shown_once_and_works() {
    let harness = harness().await;
    let answer = create(&harness, &harness.ours.key, json!({ "name": "deploy" })).await.with_status(201);
    let (token, id) = taken(&answer);
    let listed = list(&harness, &token).await.with_status(200);
    let items = listed.json["items"].as_array().expect("items");
    assert_eq!((items.len(), &items[0]["id"]), (2, &json!(id)));
    assert_eq!((&items[0]["scopes"], &items[0]["networks"]), (&Value::Null, &Value::Null));
    assert!(items[0]["expires_at"].is_string() && items[1]["expires_at"].is_null());
    assert!(!listed.json.to_string().contains(&token[12..]));
    assert_eq!(audited(&harness, "api_key.create").await, [Outcome::Succeeded]);
}

#[tokio::test]
async fn a_key_may_what_it_was_granted() {
    let harness = harness().await;
    let (tools, _) = made(&harness, json!({ "name": "tools", "scopes": ["tools"] })).await;
    let refused = list(&harness, &tools).await.refused(403, "insufficient-scope");
    assert_eq!(refused.json["scope"], "profile");
    assert!(refused.header("www-authenticate").contains("scope=\"profile\""));
    create(&harness, &tools, json!({ "name": "more" })).await.refused(403, "insufficient-scope");
    assert_eq!(audited(&harness, "api_key.list").await, [Outcome::Refused]);
}

#[tokio::test]
async fn no_key_is_more_than_what_made_it() {
    let harness = harness().await;
    let body =
        json!({ "name": "narrow", "scopes": ["tools", "profile"], "networks": ["10.0.0.0/8"], "expires_in_days": 7 });
    let (narrow, _) = made(&harness, body).await;
    let make =
        async |body: Value| harness.call(Method::POST, PATH).key(&narrow).from("10.1.1.1").json(&body).send().await;
    let whole = make(json!({ "name": "all", "scopes": ["organization"] })).await.refused(422, "invalid-body");
    assert_eq!(whole.faults(), ["/expires_in_days", "/networks", "/scopes"]);
    let wide = json!({ "name": "wide", "networks": ["10.0.0.0/8", "11.0.0.1"], "expires_in_days": 8 });
    assert_eq!(make(wide).await.refused(422, "invalid-body").faults(), ["/expires_in_days", "/networks"]);
    assert_eq!(audited(&harness, "api_key.create").await[..2], [Outcome::Refused, Outcome::Refused]);
    let narrower =
        json!({ "name": "narrower", "scopes": ["tools"], "networks": ["10.1.0.0/16"], "expires_in_days": 6 });
    make(narrower).await.with_status(201);
    // What is not said is what the maker has.
    let same = make(json!({ "name": "same", "networks": ["10.0.0.0/9"], "expires_in_days": 1 })).await.with_status(201);
    assert_eq!(same.json["api_key"]["scopes"], json!(["tools", "profile"]));
}

#[tokio::test]
async fn a_key_works_from_its_networks_alone() {
    let harness = harness().await;
    let networks = json!(["192.0.2.77/24", "2001:db8::/32"]);
    let (token, _) = made(&harness, json!({ "name": "office", "networks": networks })).await;
    let from = async |address: &str| harness.call(Method::GET, PATH).key(&token).from(address).send().await;
    for inside in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:1::1"] {
        let items = from(inside).await.with_status(200);
        assert_eq!(items.json["items"][0]["networks"], json!(["192.0.2.0/24", "2001:db8::/32"]));
    }
    for outside in ["192.0.3.1", "2001:db9::1", "127.0.0.1"] {
        from(outside).await.refused(401, "unauthenticated");
    }
    // Nobody knows from where, whatever the client says.
    let said = harness.call(Method::GET, PATH).key(&token).header("spin-client-addr", "192.0.2.1:1");
    said.header("x-forwarded-for", "192.0.2.1").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let harness = harness().await;
    let (token, id) = made(&harness, json!({ "name": "used" })).await;
    let last = async |from: &str| {
        let answer = harness.call(Method::GET, PATH).key(&token).from(from).send().await.with_status(200);
        let item = answer.json["items"][0].clone();
        (item["last_used_at"].as_str().map(str::to_owned), item["last_used_from"].as_str().map(str::to_owned))
    };
    let first = last("192.0.2.1").await;
    assert!(first.0.is_some());
    assert_eq!(first.1.as_deref(), Some("192.0.2.1"));
    assert_eq!(last("192.0.2.2").await, first);
    expire(&harness, &id, "last_used_at = last_used_at - 60001").await;
    assert_eq!(last("192.0.2.3").await.1.as_deref(), Some("192.0.2.3"));
}

#[tokio::test]
async fn what_makes_no_key_is_told_all_at_once() {
    let harness = harness().await;
    let body = json!({ "name": " ", "scopes": [], "networks": ["10.0.0.0/8", "office"], "expires_in_days": 0 });
    let refused = create(&harness, &harness.ours.key, body).await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/expires_in_days", "/name", "/networks/1", "/scopes"]);
    for (body, fault) in [
        (json!({ "name": "x", "networks": [] }), "/networks"),
        (json!({ "name": "x", "networks": vec!["10.0.0.1"; 51] }), "/networks"),
        (json!({ "name": "x", "expires_in_days": 367 }), "/expires_in_days"),
        (json!({ "name": "x", "scopes": ["everything"] }), "/scopes/0"),
        (json!({ "name": "x", "user": "me" }), "/user"),
        (json!({ "name": "x", "hash": "0" }), "/hash"),
    ] {
        assert_eq!(create(&harness, &harness.ours.key, body).await.refused(422, "invalid-body").faults(), [fault]);
    }
    made(&harness, json!({ "name": "x", "networks": vec!["10.0.0.1"; 50], "expires_in_days": 366 })).await;
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_stays_so() {
    let harness = harness().await;
    let (token, id) = made(&harness, json!({ "name": "old" })).await;
    let revoke = async |key: &str| harness.call(Method::DELETE, &format!("{PATH}/{id}")).key(key).send().await;
    revoke(&harness.theirs.key).await.refused(404, "unknown-api-key");
    list(&harness, &token).await.with_status(200);
    for _ in 0..2 {
        revoke(&harness.ours.key).await.with_status(204);
        list(&harness, &token).await.refused(401, "unauthenticated");
    }
    assert_eq!(audited(&harness, "api_key.revoke").await, [Outcome::Succeeded]);
    rotate(&harness, &harness.ours.key, &id, json!({})).await.refused(409, "api-key-ended");
    harness.request(Method::DELETE, "/v1/api-keys/nothing").send().await.refused(404, "unknown-api-key");
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_its_time_of_grace() {
    let harness = harness().await;
    let body = json!({ "name": "ci", "scopes": ["profile"], "networks": ["10.0.0.0/8"], "expires_in_days": 30 });
    let (old, id) = made(&harness, body).await;
    let use_it = async |key: &str| harness.call(Method::GET, PATH).key(key).from("10.0.0.1").send().await;
    let path = format!("{PATH}/{id}/rotate");
    let answer = harness.call(Method::POST, &path).key(&old).from("10.0.0.1").json(&json!({ "grace_seconds": 3600 }));
    let answer = answer.send().await.with_status(201);
    let (new, new_id) = taken(&answer);
    let key = &answer.json["api_key"];
    assert_eq!(
        (&key["name"], &key["scopes"], &key["networks"]),
        (&json!("ci"), &json!(["profile"]), &json!(["10.0.0.0/8"]))
    );
    use_it(&new).await.with_status(200);
    let listed = use_it(&old).await.with_status(200);
    assert_eq!(listed.json["items"][1]["replaced_by"], new_id);
    rotate(&harness, &harness.ours.key, &id, json!({})).await.refused(409, "api-key-ended");
    // The grace passes.
    expire(&harness, &id, "expires_at = expires_at - 3600001").await;
    use_it(&old).await.refused(401, "unauthenticated");
    use_it(&new).await.with_status(200);
    assert_eq!(audited(&harness, "api_key.rotate").await, [Outcome::Succeeded]);
}

#[tokio::test]
async fn no_grace_ends_the_old_key_at_once_and_none_makes_it_last_longer() {
    let harness = harness().await;
    let (old, id) = made(&harness, json!({ "name": "leaked" })).await;
    rotate(&harness, &harness.ours.key, &id, json!({ "grace_seconds": 0 })).await.with_status(201);
    list(&harness, &old).await.refused(401, "unauthenticated");
    let (_, id) = made(&harness, json!({ "name": "short", "expires_in_days": 1 })).await;
    let before = list(&harness, &harness.ours.key).await.json["items"][0]["expires_at"].clone();
    rotate(&harness, &harness.ours.key, &id, json!({ "grace_seconds": 604_800 })).await.with_status(201);
    assert_eq!(list(&harness, &harness.ours.key).await.json["items"][1]["expires_at"], before);
    let (_, id) = made(&harness, json!({ "name": "long" })).await;
    let body = json!({ "grace_seconds": 604_801, "expires_in_days": 367 });
    let refused = rotate(&harness, &harness.ours.key, &id, body).await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/expires_in_days", "/grace_seconds"]);
}

#[tokio::test]
async fn a_key_rotates_itself_for_no_longer_and_nothing_wider() {
    let harness = harness().await;
    let (narrow, id) = made(&harness, json!({ "name": "a", "scopes": ["profile"], "expires_in_days": 7 })).await;
    let (_, wide) = made(&harness, json!({ "name": "b", "expires_in_days": 1 })).await;
    let refused = rotate(&harness, &narrow, &id, json!({ "expires_in_days": 8 })).await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/expires_in_days"]);
    let refused = rotate(&harness, &narrow, &wide, json!({})).await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/scopes"]);
    rotate(&harness, &harness.theirs.key, &id, json!({})).await.refused(404, "unknown-api-key");
    rotate(&harness, &narrow, &id, json!({})).await.with_status(201);
}

#[tokio::test]
async fn of_many_who_rotate_at_once_one_does() {
    let harness = harness().await;
    let (_, id) = made(&harness, json!({ "name": "ci" })).await;
    let answers = join_all((0..8).map(|_| rotate(&harness, &harness.ours.key, &id, json!({})))).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    assert_eq!(list(&harness, &harness.ours.key).await.json["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn others_keys_are_for_admins() {
    let harness = harness().await;
    for query in ["user=all", &format!("user={}", harness.theirs.caller.user)] {
        harness.get(&format!("{PATH}?{query}")).await.refused(403, "insufficient-role");
    }
    let own = format!("{PATH}?user={}", harness.ours.caller.user);
    harness.get(&own).await.with_status(200);
    set_role(&harness, Role::Admin).await;
    let all = harness.get(&format!("{PATH}?user=all&limit=1")).await.with_status(200);
    assert_eq!((all.json["items"].as_array().map(Vec::len), all.json["next"].is_null()), (Some(1), true));
    // Another tenant's user has none here.
    let theirs = harness.get(&format!("{PATH}?user={}", harness.theirs.caller.user)).await.with_status(200);
    assert_eq!(theirs.json["items"], json!([]));
    assert_eq!(harness.get("/v1/api-keys?user=me").await.refused(400, "invalid-parameters").faults(), ["user"]);
    let other = json!({ "name": "x", "user": harness.theirs.caller.user });
    create(&harness, &harness.ours.key, other).await.refused(404, "unknown-member");
}

#[tokio::test]
async fn a_user_makes_and_rotates_so_many_keys_and_then_waits() {
    let mut harness = harness().await;
    let mut changed = variables();
    changed.insert("credential_limits".to_owned(), Secret::new("api-key-user=2/60".to_owned()));
    harness.api.variables = Arc::new(changed);
    let made = create(&harness, &harness.ours.key, json!({ "name": "a" })).await.with_status(201);
    assert_eq!(made.header("ratelimit-policy"), "\"api-key-user\";q=2;w=60");
    assert_eq!(made.header("ratelimit"), "\"api-key-user\";r=1;t=30");
    let rotate = async || {
        let call = harness.request(Method::POST, &format!("{PATH}/nothing/rotate")).json(&json!({}));
        call.send().await
    };
    let refused = rotate().await.refused(404, "unknown-api-key");
    assert!(refused.header("ratelimit").starts_with("\"api-key-user\";r=0;"));
    assert!(!rotate().await.refused(429, "too-many-requests").header("retry-after").is_empty());
    create(&harness, &harness.ours.key, json!({ "name": "b" })).await.refused(429, "too-many-requests");
    // Nobody else waits.
    create(&harness, &harness.theirs.key, json!({ "name": "c" })).await.with_status(201);
}

#[tokio::test]
async fn an_address_tries_so_many_tokens_of_deleted_organizations_and_then_waits() {
    let mut harness = harness().await;
    let mut changed = variables();
    changed.insert("credential_limits".to_owned(), Secret::new("token-address=1/60".to_owned()));
    harness.api.variables = Arc::new(changed);
    let restore = async |address: &str| {
        let call = harness.call(Method::POST, "/v1/organizations/restore").header("spin-client-addr", address);
        call.json(&json!({ "token": "x" })).send().await
    };
    let refused = restore("10.0.0.1:1").await.refused(404, "unknown-organization");
    assert_eq!(refused.header("ratelimit-policy"), "\"token-address\";q=1;w=60");
    assert!(!restore("10.0.0.1:2").await.refused(429, "too-many-requests").header("retry-after").is_empty());
    restore("10.0.0.2:1").await.refused(404, "unknown-organization");
}

#[tokio::test]
async fn a_credential_that_ends_meanwhile_leaves_no_key() {
    const ENDED: &str = "UPDATE api_keys SET revoked_at = 1";
    let mut harness = harness().await;
    let key = harness.ours.key.clone();
    let (_, id) = made(&harness, json!({ "name": "old" })).await;
    let count = async |harness: &Harness| {
        let statement = sql("SELECT id FROM api_keys").across_tenants("a test");
        harness.api.ports.sql.query(statement).await.expect("reads").len()
    };
    let before = count(&harness).await;
    harness.overtake(&["INTO api_keys"], ENDED);
    create(&harness, &key, json!({ "name": "new" })).await.refused(401, "unauthenticated");
    let going_on = sql("UPDATE api_keys SET revoked_at = NULL").across_tenants("a test");
    harness.api.ports.sql.execute(going_on).await.expect("updates");
    rotate(&harness, &key, &id, json!({})).await.refused(401, "unauthenticated");
    assert_eq!(count(&harness).await, before);
}
