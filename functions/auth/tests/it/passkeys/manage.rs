//! Looking after passkeys.

use bulkhead_identity::{MAX_PASSKEYS, erase_user, export_user};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, Credential, Role, Scopes};
use http::Method;
use serde_json::json;

use super::authenticator::Authenticator;
use super::scene::{ADA, OURS, PASSWORD, Scene};

#[tokio::test]
async fn passkeys_are_renamed_and_deleted_by_whose_they_are() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        let id = scene.add(&mut device).await;
        let one = format!("passkeys/{id}");
        let renamed = scene.ours(Method::PATCH, &one, Some(json!({ "name": "Phone" }))).await.with_status(200);
        assert_eq!(renamed.json["name"], "Phone");
        scene.ours(Method::PATCH, &one, Some(json!({ "name": " " }))).await.refused(422, "invalid-body");
        let stranger = scene.sign_up("bob@example.com", "bobs").await;
        let rename = Some(json!({ "name": "Mine" }));
        scene.by(&stranger, Method::PATCH, &one, rename).await.refused(404, "unknown-passkey");
        scene.by(&stranger, Method::DELETE, &one, None).await.refused(404, "unknown-passkey");
        let listed = scene.by(&stranger, Method::GET, "passkeys", None).await.with_status(200);
        assert_eq!(listed.json["items"], json!([]));
        assert_eq!(scene.passkeys().await[0]["name"], "Phone");
        assert_eq!(scene.ours(Method::DELETE, &one, None).await.status, 204);
        scene.ours(Method::DELETE, &one, None).await.refused(404, "unknown-passkey");
        scene.sign_in(&mut device).await.refused(403, "passkey-refused");
        let acts = scene.rows("SELECT action FROM action_logs WHERE outcome = 'succeeded' ORDER BY id").await.join("");
        for action in ["passkey.register", "passkey.rename", "passkey.delete"] {
            assert!(acts.contains(action), "{action}: {acts}");
        }
    }
}

#[tokio::test]
async fn the_only_way_to_sign_in_stays() {
    for scene in Scene::both().await {
        let first = scene.add(&mut Authenticator::default()).await;
        let second = scene.add(&mut Authenticator::default()).await;
        scene.execute("UPDATE users SET password_hash = NULL WHERE email = 'ada@example.com'").await;
        let delete = async |id: &str| scene.ours(Method::DELETE, &format!("passkeys/{id}"), None).await;
        // Both at once: one stays.
        let answers = futures::future::join(delete(&first), delete(&second)).await;
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        let left = scene.passkeys().await;
        let left = left[0]["id"].as_str().expect("an id");
        let refused = delete(left).await.refused(409, "last-sign-in-method");
        assert!(refused.json["detail"].as_str().is_some_and(|detail| detail.contains("only way to sign in")));
        assert_eq!(scene.refusals("passkey.delete", refused.json["detail"].as_str().expect("text")).await, 2);
    }
}

#[tokio::test]
async fn a_person_has_so_many() {
    for scene in Scene::both().await {
        for _ in 1..MAX_PASSKEYS {
            scene.add(&mut Authenticator::default()).await;
        }
        // Two at once for the last place.
        let (first, second) = (scene.begun().await, scene.begun().await);
        let made = [&first, &second].map(|it| scene.create(&mut Authenticator::default(), &it["publicKey"]));
        let answers = futures::future::join(scene.register(&first, &made[0]), scene.register(&second, &made[1])).await;
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        let passkeys = scene.passkeys().await;
        assert_eq!(passkeys.len(), MAX_PASSKEYS as usize);
        let one = scene.ours(Method::GET, "passkeys?limit=1", None).await.with_status(200);
        assert!(one.headers.contains_key("link"));
        let id = passkeys[0]["id"].as_str().expect("an id");
        assert_eq!(scene.ours(Method::DELETE, &format!("passkeys/{id}"), None).await.status, 204);
        scene.add(&mut Authenticator::default()).await;
    }
}

#[tokio::test]
async fn they_are_in_the_export_and_go_with_their_user() {
    for scene in Scene::both().await {
        let mut device = Authenticator::synced();
        let id = scene.add(&mut device).await;
        scene.begun().await;
        let opened = scene.post("sign-in", json!({ "email": ADA, "password": PASSWORD })).await.with_status(200);
        let (session, organization) = (&opened.json["session"], &opened.json["organization"]);
        let ports = &scene.harness.api.ports;
        let user = sql("SELECT id FROM users WHERE email = $1").bind(ADA);
        let user: UserId = ports.sql.query(user).await.expect("reads")[0].get("id").expect("an id");
        let caller = Caller {
            organization: organization.as_str().expect("an id").parse().expect("an id"),
            user,
            role: Role::Owner,
            scopes: Scopes::Everything,
            credential: Credential::Session(session.as_str().expect("an id").parse().expect("an id")),
        };
        let correlation = CorrelationId::parse("a-test").expect("an id");
        let export = export_user(ports, &caller, &correlation).await.expect("exports");
        let [passkey] = export.passkeys.as_slice() else { panic!("{:?}", export.passkeys) };
        assert_eq!((passkey["id"].as_str(), &passkey["kept"]), (Some(id.as_str()), &json!("synced")));
        assert!(passkey["created_at"].as_str().is_some_and(|time| time.ends_with('Z')));
        let asked = scene.asked().await;
        let credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        erase_user(ports, &caller, |_| Vec::new(), &correlation).await.expect("erases");
        for table in ["SELECT id FROM passkeys", "SELECT hash FROM passkey_ceremonies WHERE kind = 'register'"] {
            assert!(scene.rows(table).await.is_empty(), "{table}");
        }
        scene.answer(&asked, &credential).await.refused(403, "passkey-refused");
    }
}
