//! A password that is replaced while it is checked.

use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_function_auth::{describe, router};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, sql};
use bulkhead_testkit::functions::Harness;
use http::Method;
use serde_json::json;

const ADA: &str = "ada@example.com";
const PASSWORD: &str = "a horse, a battery, a staple";

/// A database in which the password is another one from when a session or a challenge is about to be written.
struct Overtaken(Arc<dyn Sql>);

#[async_trait]
impl Sql for Overtaken {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.0.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        self.0.execute(statement).await
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        let text: String = steps.iter().map(|step| step.statement.render(|n| format!("${n}"))).collect();
        if ["INTO sessions", "INTO one_time_tokens"].iter().any(|written| text.contains(written)) {
            self.0.execute(sql("UPDATE users SET password_hash = 'another'")).await?;
        }
        self.0.batch(steps).await
    }
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_checked_opens_nothing() {
    for with_second_factor in [false, true] {
        let mut harness = Harness::start(router, describe()).await;
        let account = json!({
            "email": ADA, "password": PASSWORD, "name": "Ada",
            "organization": { "slug": "engines", "name": "Analytical Engines" },
        });
        harness.call(Method::POST, "/v1/auth/sign-up").json(&account).send().await.with_status(200);
        if with_second_factor {
            let factor = sql("INSERT INTO second_factors (user_id, sealed, last_step, confirmed_at, created_at) \
                 SELECT id, $2, 0, 1, 1 FROM users WHERE email = $1");
            harness.api.ports.sql.execute(factor.bind(ADA).bind(vec![0_u8])).await.expect("has a factor");
        }
        let sign_in = async |harness: &Harness| {
            let body = json!({ "email": ADA, "password": PASSWORD });
            harness.call(Method::POST, "/v1/auth/sign-in").json(&body).send().await
        };
        assert_ne!(sign_in(&harness).await.status, 401);
        harness.api.ports.sql = Arc::new(Overtaken(harness.api.ports.sql.clone()));
        sign_in(&harness).await.refused(401, "wrong-credentials");
        let left = sql("SELECT COUNT(*) AS n FROM sessions").across_tenants("a test");
        let left: i64 = harness.api.ports.sql.query(left).await.expect("reads")[0].get("n").expect("a number");
        assert_eq!(left, if with_second_factor { 1 } else { 2 });
    }
}
