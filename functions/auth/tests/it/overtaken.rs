//! What ends between a look at it and what is then written: a password, and the session that invites.

use bulkhead_function_auth::{describe, router};
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::json;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "a horse, a battery, a staple";

async fn harness() -> Harness {
    let harness = Harness::start(router, describe()).await;
    let account = json!({
        "email": ADA, "password": PASSWORD, "name": "Ada",
        "organization": { "slug": "engines", "name": "Analytical Engines" },
    });
    harness.call(Method::POST, "/v1/auth/sign-up").json(&account).send().await.with_status(200);
    harness
}

async fn sign_in(harness: &Harness) -> Answer {
    let body = json!({ "email": ADA, "password": PASSWORD });
    harness.call(Method::POST, "/v1/auth/sign-in").json(&body).send().await
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_checked_opens_nothing() {
    for with_second_factor in [false, true] {
        let mut harness = harness().await;
        if with_second_factor {
            let factor = sql("INSERT INTO second_factors (user_id, sealed, last_step, confirmed_at, created_at) \
                 SELECT id, $2, 0, 1, 1 FROM users WHERE email = $1");
            harness.api.ports.sql.execute(factor.bind(ADA).bind(vec![0_u8])).await.expect("has a factor");
        }
        assert_ne!(sign_in(&harness).await.status, 401);
        harness.overtake(&["INTO sessions", "INTO one_time_tokens"], "UPDATE users SET password_hash = 'another'");
        sign_in(&harness).await.refused(401, "wrong-credentials");
        let left = sql("SELECT COUNT(*) AS n FROM sessions").across_tenants("a test");
        let left: i64 = harness.api.ports.sql.query(left).await.expect("reads")[0].get("n").expect("a number");
        assert_eq!(left, if with_second_factor { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_changed_is_the_last_word() {
    let mut harness = harness().await;
    let token = sign_in(&harness).await.with_status(200).json["access_token"].as_str().expect("a token").to_owned();
    harness.overtake(&["SET password_hash"], "UPDATE users SET password_hash = 'another'");
    let body = json!({ "current_password": PASSWORD, "new_password": "tram vole bin, and a lamp" });
    let changed = harness.call(Method::PUT, "/v1/auth/password").key(&token).json(&body).send().await;
    changed.refused(401, "wrong-credentials");
    let kept = sql("SELECT id FROM users WHERE email = $1 AND password_hash = 'another'").bind(ADA);
    assert_eq!(harness.api.ports.sql.query(kept).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn a_session_that_ends_meanwhile_invites_nobody() {
    const PATH: &str = "/v1/organization/invitations";
    let mut harness = harness().await;
    let token = sign_in(&harness).await.with_status(200).json["access_token"].as_str().expect("a token").to_owned();
    let bob = json!({ "email": "bob@example.com", "role": "member" });
    let first = harness.call(Method::POST, PATH).key(&token).json(&bob).send().await.with_status(201);
    let id = first.json["invitation"]["id"].as_str().expect("an id").to_owned();
    let before = invitations(&harness).await;
    harness.overtake(&["INTO invitations", "UPDATE invitations"], "UPDATE sessions SET revoked_at = 1");
    let again = harness.call(Method::POST, PATH).key(&token).json(&bob).send().await;
    again.refused(401, "unauthenticated");
    let going_on = sql("UPDATE sessions SET revoked_at = NULL").across_tenants("a test");
    harness.api.ports.sql.execute(going_on).await.expect("updates");
    let resent = harness.call(Method::POST, &format!("{PATH}/{id}/resend")).key(&token).json(&json!({})).send().await;
    resent.refused(401, "unauthenticated");
    assert_eq!(invitations(&harness).await, before);
}

/// The invitations that can be taken, and the mails that wait.
async fn invitations(harness: &Harness) -> Vec<String> {
    let both =
        "SELECT token_hash AS it FROM invitations WHERE revoked_at IS NULL UNION ALL SELECT id FROM mails ORDER BY 1";
    let rows = harness.api.ports.sql.query(sql(both).across_tenants("a test")).await.expect("reads");
    rows.iter().map(|row| row.get("it").expect("a text")).collect()
}
