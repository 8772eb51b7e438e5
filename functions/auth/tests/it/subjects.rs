//! Subjects of another issuer, which the operator binds to addresses.

use std::sync::Arc;

use bulkhead_identity::{ActAsError, act_as};
use bulkhead_kernel::AccessToken;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::Fixture;

fn token() -> AccessToken {
    AccessToken { id: "jti:1".to_owned(), scopes: Vec::new(), write_scope: None }
}

#[tokio::test]
async fn a_subject_acts_as_nobody_whose_address_is_not_proven() {
    let fixture = Fixture::start(Arc::new(ManualClock::default())).await;
    let acts = async || act_as(&fixture.ports, "ours@example.com", token()).await;
    assert!(matches!(acts().await, Err(ActAsError::NoUser)));
    let proven = sql("UPDATE users SET email_verified_at = 1 WHERE email = 'ours@example.com'");
    fixture.ports.sql.execute(proven).await.expect("changes");
    assert_eq!(acts().await.expect("is known").user, fixture.ours.caller.user);
}
