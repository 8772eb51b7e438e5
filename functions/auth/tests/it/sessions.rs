//! Signing up and in, and what becomes of a session.

use std::collections::BTreeSet;
use std::sync::Arc;

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_function_auth::{describe, router};
use bulkhead_kernel::{PageRequest, Secret, sql::sql};
use bulkhead_testkit::functions::{Answer, Harness, variables};
use http::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "a horse, a battery, a staple";

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

async fn post(harness: &Harness, path: &str, body: Value) -> Answer {
    harness.call(Method::POST, path).json(&body).send().await
}

fn account(email: &str, slug: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "name": "Ada",
        "organization": { "slug": slug, "name": "Analytical Engines" },
    })
}

async fn sign_up(harness: &Harness) -> Answer {
    let answer = post(harness, "/v1/auth/sign-up", account("Ada@Example.com", "engines")).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    answer
}

async fn sign_in(harness: &Harness, email: &str, password: &str) -> Answer {
    post(harness, "/v1/auth/sign-in", json!({ "email": email, "password": password })).await
}

fn access(answer: &Answer) -> &str {
    answer.json["access_token"].as_str().expect("an access token")
}

async fn sessions(harness: &Harness, token: &str) -> Answer {
    harness.call(Method::GET, "/v1/auth/sessions").key(token).send().await
}

async fn refresh(harness: &Harness, answer: &Answer) -> Answer {
    post(harness, "/v1/auth/refresh", json!({ "refresh_token": answer.json["refresh_token"] })).await
}

#[tokio::test]
async fn whoever_signs_up_can_sign_in_and_use_the_token() {
    let harness = harness().await;
    let first = sign_up(&harness).await;
    let second = sign_in(&harness, "ada@EXAMPLE.com", PASSWORD).await;
    assert_eq!(second.status, 200);
    assert_eq!((&second.json["token_type"], &second.json["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(second.json["organization"], first.json["organization"]);
    let listed = sessions(&harness, access(&second)).await;
    let ids: Vec<_> = listed.json["items"].as_array().expect("items").iter().map(|item| &item["id"]).collect();
    assert_eq!(ids, [&second.json["session"], &first.json["session"]]);
    assert_eq!(listed.json["items"][0]["audience"], "https://bulkhead.example.com/v1");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let harness = harness().await;
    sign_up(&harness).await;
    let wrong =
        sign_in(&harness, "ada@example.com", "a horse, a battery, a stable").await.refused(401, "wrong-credentials");
    for email in ["eve@example.com", "no address", "ours@example.com"] {
        let other = sign_in(&harness, email, PASSWORD).await.refused(401, "wrong-credentials");
        assert_eq!(other.json["detail"], wrong.json["detail"]);
    }
}

#[tokio::test]
async fn one_signs_in_to_an_organization_that_one_belongs_to() {
    let harness = harness().await;
    sign_up(&harness).await;
    let to = |slug: &str| json!({ "email": "ada@example.com", "password": PASSWORD, "organization": slug });
    assert_eq!(post(&harness, "/v1/auth/sign-in", to("engines")).await.status, 200);
    for slug in ["ours", "nowhere", ""] {
        post(&harness, "/v1/auth/sign-in", to(slug)).await.refused(403, "no-organization");
    }
}

#[tokio::test]
async fn what_makes_no_account_is_told_all_at_once() {
    let harness = harness().await;
    let body = json!({
        "email": "nobody", "password": "short", "name": " ", "organization": { "slug": "A--b", "name": "" },
    });
    let refused = post(&harness, "/v1/auth/sign-up", body).await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/email", "/name", "/organization/name", "/organization/slug", "/password"]);
    assert!(!refused.json.to_string().contains("short"));
    sign_up(&harness).await;
    for taken in [account("ada@example.com", "others"), account("eve@example.com", "engines")] {
        post(&harness, "/v1/auth/sign-up", taken).await.refused(409, "account-exists");
    }
    // Nothing of a refused one is left.
    assert_eq!(post(&harness, "/v1/auth/sign-up", account("eve@example.com", "others")).await.status, 200);
}

#[tokio::test]
async fn nobody_signs_up_where_that_is_closed() {
    let mut harness = harness().await;
    let mut closed = variables();
    closed.insert("sign_up".to_owned(), Secret::new("closed".to_owned()));
    harness.api.variables = Arc::new(closed);
    post(&harness, "/v1/auth/sign-up", account("ada@example.com", "engines")).await.refused(403, "sign-up-closed");
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use_and_a_second_ends_the_session() {
    let harness = harness().await;
    let first = sign_up(&harness).await;
    let second = refresh(&harness, &first).await;
    assert_eq!(second.status, 200);
    assert_eq!(second.json["session"], first.json["session"]);
    assert_eq!(sessions(&harness, access(&second)).await.status, 200);
    refresh(&harness, &first).await.refused(401, "invalid-grant");
    // The copy's owner gains nothing, and its tokens are dead: so is whoever has the original.
    assert_eq!(refresh(&harness, &second).await.status, 401);
    for token in [access(&first), access(&second)] {
        assert_eq!(sessions(&harness, token).await.status, 401);
    }
}

#[tokio::test]
async fn of_many_who_refresh_at_once_one_gets_it() {
    let harness = harness().await;
    let first = sign_up(&harness).await;
    let answers = futures::future::join_all((0..8).map(|_| refresh(&harness, &first))).await;
    assert!(answers.iter().filter(|answer| answer.status == 200).count() <= 1);
    assert_eq!(refresh(&harness, &first).await.status, 401);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let harness = harness().await;
    let first = sign_up(&harness).await;
    let unknown = format!("bhr_{}", "0".repeat(64));
    for token in ["", "bhr_", &unknown, access(&first)] {
        post(&harness, "/v1/auth/refresh", json!({ "refresh_token": token })).await.refused(401, "invalid-grant");
    }
    let expire = sql("UPDATE refresh_tokens SET expires_at = 1").across_tenants("a test");
    harness.api.ports.sql.execute(expire).await.expect("updates");
    assert_eq!(refresh(&harness, &first).await.status, 401);
}

#[tokio::test]
async fn an_ended_session_ends_its_tokens() {
    let harness = harness().await;
    let (first, second) = (sign_up(&harness).await, sign_in(&harness, "ada@example.com", PASSWORD).await);
    let path = format!("/v1/auth/sessions/{}", first.json["session"].as_str().expect("an id"));
    let end = |token: &str| harness.call(Method::DELETE, &path).key(token).send();
    // Nobody else's.
    end(&harness.ours.key.clone()).await.refused(404, "unknown-session");
    assert_eq!(sessions(&harness, access(&first)).await.status, 200);
    assert_eq!(end(access(&second)).await.status, 204);
    assert_eq!(sessions(&harness, access(&first)).await.status, 401);
    assert_eq!(refresh(&harness, &first).await.status, 401);
    assert_eq!(end(access(&second)).await.status, 404);
    assert_eq!(sessions(&harness, access(&second)).await.json["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn who_lacks_the_scope_is_refused_on_the_record() {
    let harness = harness().await;
    let narrow = sql("UPDATE api_keys SET scopes = 'audit:read'").across_tenants("a test");
    harness.api.ports.sql.execute(narrow).await.expect("changes");
    let key = &harness.ours.key;
    sessions(&harness, key).await.refused(403, "insufficient-scope");
    let path = "/v1/auth/sessions/01990000-0000-7000-8000-000000000001";
    harness.call(Method::DELETE, path).key(key).send().await.refused(403, "insufficient-scope");
    let password = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });
    let changing = harness.call(Method::PUT, "/v1/auth/password").key(key).json(&password);
    changing.send().await.refused(403, "insufficient-scope");
    for (path, body) in [
        ("", json!({ "password": PASSWORD })),
        ("/confirm", json!({ "code": "000000" })),
        ("/disable", json!({ "password": PASSWORD, "code": "000000" })),
    ] {
        let asking = harness.call(Method::POST, &format!("/v1/auth/second-factor{path}")).key(key).json(&body);
        asking.send().await.refused(403, "insufficient-scope");
    }
    let (ports, caller) = (&harness.api.ports, &harness.ours.caller);
    let page = bulkhead_audit::list(ports, caller, &AuditFilter::default(), &PageRequest::default()).await;
    let entries = page.expect("reads").items;
    assert!(entries.iter().all(|entry| entry.outcome == Outcome::Refused), "{entries:?}");
    let told: BTreeSet<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    let acts = [
        "password.change",
        "second_factor.disable",
        "second_factor.enable",
        "second_factor.enrol",
        "session.list",
        "session.revoke",
    ];
    assert_eq!(told, acts.into());
}

#[tokio::test]
async fn how_long_a_session_lasts_is_the_operators_to_say() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let mut harness = harness().await;
    let set = |harness: &mut Harness, lifetimes: &str| {
        let mut changed = variables();
        changed.insert("lifetimes".to_owned(), Secret::new(lifetimes.to_owned()));
        harness.api.variables = Arc::new(changed);
    };
    set(&mut harness, "access-token=5m session=40d refresh-token=2d");
    assert_eq!(sign_up(&harness).await.json["expires_in"], 300);
    let lasts = "SELECT s.expires_at - s.created_at AS whole, r.expires_at - r.created_at AS unused \
                 FROM sessions s JOIN refresh_tokens r ON r.session_id = s.id";
    let row = harness.api.ports.sql.query_optional(sql(lasts).across_tenants("a test")).await.expect("reads");
    let row = row.expect("a session");
    assert_eq!((row.get("whole"), row.get("unused")), (Ok(40 * DAY), Ok(2 * DAY)));
    // Nobody guesses what was meant: it is the operator who mends it.
    set(&mut harness, "session=forever");
    assert_eq!(sign_in(&harness, "ada@example.com", PASSWORD).await.status, 503);
}

#[tokio::test]
async fn a_token_ends_with_membership_user_and_organization() {
    for change in [
        "DELETE FROM memberships WHERE user_id = (SELECT id FROM users WHERE email = 'ada@example.com')",
        "UPDATE users SET deleted_at = 1 WHERE email = 'ada@example.com'",
        "UPDATE organizations SET deleted_at = 1 WHERE slug = 'engines'",
        "UPDATE sessions SET expires_at = 1",
    ] {
        let harness = harness().await;
        let first = sign_up(&harness).await;
        assert_eq!(sessions(&harness, access(&first)).await.status, 200);
        harness.api.ports.sql.execute(sql(change).across_tenants("a test")).await.expect("changes");
        assert_eq!(sessions(&harness, access(&first)).await.status, 401, "{change}");
        assert_eq!(refresh(&harness, &first).await.status, 401, "{change}");
    }
}

#[tokio::test]
async fn a_token_of_other_keys_or_for_something_else_is_refused() {
    let mut harness = harness().await;
    let first = sign_up(&harness).await;
    let before = harness.api.clone();
    harness.api.audience = bulkhead_http_api::Audience::Mcp;
    assert_eq!(sessions(&harness, access(&first)).await.status, 401);
    harness.api = before;
    assert_eq!(sessions(&harness, access(&first)).await.status, 200);
    harness.api.variables = Arc::new(variables());
    assert_eq!(sessions(&harness, access(&first)).await.status, 401);
}
