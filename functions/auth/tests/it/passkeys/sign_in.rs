//! Signing in with a passkey.

use http::Method;
use serde_json::{Value, json};

use super::authenticator::{Authenticator, Failed};
use super::scene::{ADA, OURS, PASSWORD, Scene, token};

const CLONED: &str = "its counter went back: the passkey may have been copied";

#[tokio::test]
async fn whoever_has_a_passkey_is_asked_for_neither_password_nor_code() {
    for scene in Scene::both().await {
        let mut device = Authenticator::synced();
        let id = scene.add(&mut device).await;
        scene.enrol_totp().await;
        let password = json!({ "email": ADA, "password": PASSWORD });
        assert_eq!(scene.post("sign-in", password).await.status, 202);
        let opened = scene.sign_in(&mut device).await.with_status(200);
        assert!(opened.json["refresh_token"].is_string() && opened.headers.contains_key("ratelimit"));
        let listed = scene.by(&token(&opened), Method::GET, "passkeys", None).await.with_status(200);
        let passkey = &listed.json["items"][0];
        assert_eq!((passkey["id"].as_str(), passkey["name"].as_str()), (Some(id.as_str()), Some("Key")));
        assert_eq!((&passkey["backed_up"], &passkey["transports"]), (&json!(true), &json!(["hybrid", "internal"])));
        assert!(passkey["last_used_at"].is_string());
        // One that does not count signs in again and again.
        scene.sign_in(&mut device).await.with_status(200);
        let opened = scene.rows("SELECT credential_id FROM action_logs WHERE action = 'session.create'").await;
        assert_eq!(opened.iter().filter(|row| row.contains("\"passkey\"")).count(), 2, "{opened:?}");
        let asked = scene.asked().await;
        let credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        let body = json!({ "ceremony": asked["ceremony"], "credential": credential, "organization": "ours" });
        scene.post("sign-in/passkey", body).await.refused(403, "no-organization");
    }
}

#[tokio::test]
async fn what_is_not_for_us_signs_nobody_in_and_nobody_learns_why() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        scene.add(&mut device).await;
        let answered = async |origin: &str, change: fn(&mut Value), reason: &str| {
            let (mut device, asked) = (device.clone(), scene.asked().await);
            let mut options = asked["publicKey"].clone();
            change(&mut options);
            let credential = device.get(origin, &options).expect("an answer");
            let answer = scene.answer(&asked, &credential).await.refused(403, "passkey-refused");
            assert_eq!(scene.refusals("session.create", reason).await, 1, "{reason}");
            answer.json["detail"].clone()
        };
        let details = [
            answered("https://evil.bulkhead.example.com", |_| {}, "it was made for another origin").await,
            answered(OURS, |options| options["rpId"] = json!("example.com"), "it is for another relying party").await,
            answered(
                OURS,
                |options| options["challenge"] = json!("AAAAAAAAAAAAAAAAAAAAAA"),
                "it answers another challenge",
            )
            .await,
            answered(
                OURS,
                |options| options["userVerification"] = json!("discouraged"),
                "the authenticator did not verify its user",
            )
            .await,
        ];
        // A stranger's page gets none at all.
        let asked = scene.asked().await;
        assert_eq!(device.get("https://evil.example", &asked["publicKey"]), Err(Failed::Security));
        // Another's key.
        let mut forged = device.get(OURS, &asked["publicKey"]).expect("an answer");
        let other = scene.create(&mut Authenticator::default(), &scene.begun().await["publicKey"]);
        forged["response"]["signature"] = {
            let mut stranger = Authenticator::default();
            scene.create(&mut stranger, &scene.begun().await["publicKey"]);
            stranger.get(OURS, &asked["publicKey"]).expect("an answer")["response"]["signature"].clone()
        };
        let wrong = scene.answer(&asked, &forged).await.refused(403, "passkey-refused");
        assert_eq!(scene.refusals("session.create", "its signature is wrong").await, 1);
        // One that nobody registered.
        let asked = scene.asked().await;
        let mut unknown = device.get(OURS, &asked["publicKey"]).expect("an answer");
        (unknown["id"], unknown["rawId"]) = (other["id"].clone(), other["id"].clone());
        let unknown = scene.answer(&asked, &unknown).await.refused(403, "passkey-refused");
        let all = [details.to_vec(), vec![wrong.json["detail"].clone(), unknown.json["detail"].clone()]].concat();
        assert!(all.iter().all(|detail| *detail == all[0]), "{all:?}");
        scene.sign_in(&mut device).await.with_status(200);
    }
}

#[tokio::test]
async fn a_copy_of_a_passkey_is_noticed_by_its_counter() {
    for scene in Scene::both().await {
        let mut device = Authenticator::counting();
        scene.add(&mut device).await;
        scene.sign_in(&mut device).await.with_status(200);
        let mut copy = device.clone();
        scene.sign_in(&mut device).await.with_status(200);
        scene.sign_in(&mut copy).await.refused(403, "passkey-refused");
        assert_eq!(scene.refusals("session.create", CLONED).await, 1);
        // Neither does it help the copy to stop counting.
        copy.counts = false;
        scene.sign_in(&mut copy).await.refused(403, "passkey-refused");
        scene.sign_in(&mut device).await.with_status(200);
        // Two answers with one count at once: one.
        let mut copies = [device.clone(), device];
        let [first, second] = &mut copies;
        let answers = futures::future::join(scene.sign_in(first), scene.sign_in(second)).await;
        let signed_in = [answers.0.status, answers.1.status].into_iter().filter(|status| *status == 200).count();
        assert_eq!(signed_in, 1);
    }
}

#[tokio::test]
async fn nobody_signs_in_as_somebody_who_has_gone_or_as_somebody_else() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        scene.add(&mut device).await;
        let stranger = scene.sign_up("bob@example.com", "bobs").await;
        let body = json!({ "password": PASSWORD });
        let begun = scene.by(&stranger, Method::POST, "passkeys/options", Some(body)).await.with_status(200).json;
        // The passkey is Ada's, whatever the authenticator says.
        let asked = scene.asked().await;
        let mut credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        credential["response"]["userHandle"] = begun["publicKey"]["user"]["id"].clone();
        scene.answer(&asked, &credential).await.refused(403, "passkey-refused");
        assert_eq!(scene.refusals("session.create", "it is another user's").await, 1);
        credential["response"]["userHandle"] = json!("AAAA");
        scene.answer(&scene.asked().await, &credential).await.refused(422, "invalid-body");
        scene.sign_in(&mut device).await.with_status(200);
        scene.execute("UPDATE users SET deleted_at = 1 WHERE email = 'ada@example.com'").await;
        scene.sign_in(&mut device).await.refused(403, "passkey-refused");
    }
}

#[tokio::test]
async fn a_locked_account_still_opens_with_its_passkey_and_gets_no_other_one() {
    for mut scene in Scene::both().await {
        let mut device = Authenticator::default();
        scene.add(&mut device).await;
        scene.set(&[("credential_limits", "sign-in-account=1000/1 sign-in-address=1000/1 lockout=2/300/900")]);
        for _ in 0..2 {
            let wrong = json!({ "email": ADA, "password": "not the password" });
            scene.post("sign-in", wrong).await.refused(401, "wrong-credentials");
        }
        let right = json!({ "email": ADA, "password": PASSWORD });
        scene.post("sign-in", right).await.refused(429, "too-many-requests");
        let proof = Some(json!({ "password": PASSWORD }));
        scene.ours(Method::POST, "passkeys/options", proof).await.refused(429, "too-many-requests");
        // Whoever guesses passwords must not lock the owner out.
        scene.sign_in(&mut device).await.with_status(200);
    }
}

#[tokio::test]
async fn it_is_tried_so_often_from_an_address() {
    for mut scene in Scene::both().await {
        let mut device = Authenticator::default();
        scene.add(&mut device).await;
        scene.advance(60);
        scene.set(&[("credential_limits", "sign-in-address=2/60")]);
        let asked = scene.asked().await;
        let credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        scene.answer(&asked, &credential).await.with_status(200);
        scene.answer(&asked, &credential).await.refused(429, "too-many-requests");
        let options = scene.harness.call(Method::POST, "/v1/auth/sign-in/passkey/options");
        let refused = options.send().await.refused(429, "too-many-requests");
        assert_eq!(refused.header("retry-after"), "30");
    }
}
