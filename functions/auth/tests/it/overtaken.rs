//! A password that is replaced while it is checked or changed.

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
