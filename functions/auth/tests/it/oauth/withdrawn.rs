//! What was granted and not fetched yet, when the sign-in by which it was granted ends.

use bulkhead_identity::make_reset_link;
use bulkhead_kernel::CorrelationId;
use bulkhead_kernel::sql::sql;
use http::Method;
use serde_json::{Value, json};

use super::device::{begin, decide, poll};
use super::person::{OURS, PASSWORD, Scene, input};

const OTHER: &str = "tram vole bin, and a lamp";

/// How a sign-in ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Reset,
    Change,
    SignOut,
    Revoke,
}

impl Scene {
    /// Somebody's session that no browser has.
    async fn session(&self) -> Value {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        self.harness.call(Method::POST, "/v1/auth/sign-in").json(&body).send().await.with_status(200).json
    }

    async fn end(&self, how: End) {
        let ports = &self.harness.api.ports;
        match how {
            End::Reset => {
                let (email, correlation) =
                    ("ada@example.com".parse().expect("one"), CorrelationId::parse("x").expect("sane"));
                let link =
                    make_reset_link(ports, OURS, &email, "uid 0", &correlation).await.expect("makes").expect("one");
                let (_, token) = link.expose().split_once("?token=").expect("a token");
                let body = json!({ "token": token, "new_password": OTHER });
                let call = self.harness.call(Method::POST, "/v1/auth/password-reset/confirm").json(&body);
                call.send().await.with_status(204);
            }
            End::Change => {
                let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
                let session = self.session().await;
                let token = session["access_token"].as_str().expect("a token");
                let call = self.harness.call(Method::PUT, "/v1/auth/password").key(token).json(&body);
                call.send().await.with_status(204);
            }
            End::SignOut => {
                let csrf = input(&self.open("/sign-out", "").await.with_status(200), "csrf");
                self.submit("/sign-out", &[("csrf", &csrf)]).await.with_status(303);
            }
            End::Revoke => {
                let session = self.session().await;
                let (token, id) = (session["access_token"].as_str().expect("a token"), session["session"].as_str());
                let path = format!("/v1/auth/sessions/{}", id.expect("an id"));
                self.harness.call(Method::DELETE, &path).key(token).send().await.with_status(204);
            }
        }
    }
}

#[tokio::test]
async fn what_was_granted_and_not_fetched_is_withdrawn_when_a_sign_in_ends() {
    for how in [End::Reset, End::Change, End::SignOut, End::Revoke] {
        let scene = Scene::start().await;
        let client = scene.public_client().await;
        let (approved, undecided) = (begin(&scene, &client).await, begin(&scene, &client).await);
        decide(&scene, &approved, "allow").await.with_status(200);
        let (code, used) = (scene.code(&client, &[]).await, scene.code(&client, &[]).await);
        scene.redeem(&client, &used, &[]).await.with_status(200);
        scene.end(how).await;
        poll(&scene, &client, &approved).await.oauth_error(400, "invalid_grant");
        scene.redeem(&client, &code, &[]).await.oauth_error(400, "invalid_grant");
        // Nobody has granted this yet.
        poll(&scene, &client, &undecided).await.oauth_error(400, "authorization_pending");
        // One that was used is known still: a second use ends what came of it.
        let kept = sql("SELECT hash FROM authorization_codes WHERE used_at IS NOT NULL").across_tenants("a test");
        assert_eq!(scene.harness.api.ports.sql.query(kept).await.expect("reads").len(), 1, "{how:?}");
    }
}

#[tokio::test]
async fn a_sign_in_that_ends_while_it_grants_grants_nothing() {
    const ENDED: &str = "UPDATE sessions SET revoked_at = 1";
    let mut scene = Scene::start().await;
    let client = scene.public_client().await;
    let begun = begin(&scene, &client).await;
    scene.harness.overtake(&["INTO authorization_codes"], ENDED);
    let location = scene.decide(&Scene::query(&client, &[]), "allow").await;
    assert!(location.starts_with("/sign-in?"), "{location}");
    let codes = sql("SELECT hash FROM authorization_codes").across_tenants("a test");
    assert_eq!(scene.harness.api.ports.sql.query(codes).await.expect("reads").len(), 0);

    let going_on = sql("UPDATE sessions SET revoked_at = NULL").across_tenants("a test");
    scene.harness.api.ports.sql.execute(going_on).await.expect("updates");
    scene.harness.overtake(&["UPDATE device_authorizations"], ENDED);
    let page = decide(&scene, &begun, "allow").await.with_status(400);
    assert!(page.text.contains("you were signed out meanwhile"), "{}", page.text);
    poll(&scene, &client, &begun).await.oauth_error(400, "authorization_pending");
}
