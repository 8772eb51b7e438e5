//! The pages: their scripts, their policies, their cookies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bulkhead_testkit::functions::Answer;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::authenticator::Authenticator;
use super::scene::{ADA, OURS, PASSWORD, Scene};

const FORM: &str = "application/x-www-form-urlencoded";

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Scene {
    async fn begin_on_page(&self) -> Answer {
        self.harness.call(Method::POST, "/sign-in/passkey/options").header("origin", OURS).send().await
    }

    async fn submit(&self, cookie: &str, credential: &Value) -> Answer {
        let body = form(&[("credential", &credential.to_string()), ("organization", ""), ("next", "/device")]);
        let call = self.harness.call(Method::POST, "/sign-in/passkey").header("origin", OURS);
        call.header("cookie", cookie).body(FORM, body).send().await
    }
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text")).collect()
}

/// The script of a page, which is what its policy allows.
fn script(page: &Answer) -> String {
    let script = page.text.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next()).expect("a script");
    assert_eq!(page.text.matches("<script").count(), 1);
    let hash = STANDARD.encode(Sha256::digest(script));
    let policy = page.header("content-security-policy");
    assert!(policy.contains(&format!("; script-src 'sha256-{hash}'; connect-src 'self';")), "{policy}");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    script.to_owned()
}

#[tokio::test]
async fn the_page_to_sign_in_on_has_a_button_and_one_script() {
    for scene in Scene::both().await {
        let page = scene.harness.call(Method::GET, "/sign-in?next=%2Fdevice").send().await;
        assert!(page.is_page() && page.text.contains("Sign in with a passkey"), "{}", page.text);
        assert!(script(&page).contains("navigator.credentials.get("));
        let other = scene.harness.call(Method::GET, "/reset-password").send().await;
        assert!(!other.header("content-security-policy").contains("script-src"));
    }
}

#[tokio::test]
async fn a_browser_signs_in_with_a_passkey() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        scene.add(&mut device).await;
        let begun = scene.begin_on_page().await.with_status(200);
        assert!(begun.json.get("ceremony").is_none());
        let [cookie] = cookies(&begun)[..] else { panic!("one cookie") };
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        assert!(pair.starts_with("__Host-passkey=bhw_"), "{pair}");
        assert_eq!(attributes, "Path=/; Max-Age=300; Secure; HttpOnly; SameSite=Strict");
        let credential = device.get(OURS, &begun.json["publicKey"]).expect("an answer");
        // Without the cookie it is another browser's.
        let foreign = scene.submit("", &credential).await;
        assert!(foreign.status == 400 && foreign.text.contains("this took too long"), "{}", foreign.text);
        let other = scene.begin_on_page().await;
        let others = cookies(&other)[0].split(';').next().expect("a pair").to_owned();
        assert_eq!(scene.submit(&others, &credential).await.status, 403);
        let opened = scene.submit(pair, &credential).await;
        assert!(opened.status == 200 && opened.text.contains("url=/device"), "{}", opened.text);
        let set = cookies(&opened);
        assert!(set[0].starts_with("__Host-session=") && set[1].starts_with("__Host-csrf="));
        assert!(set[2].starts_with("__Host-passkey=; ") && set[2].contains("Max-Age=0"), "{}", set[2]);
        let session = set[0].split(';').next().expect("a pair");
        let sessions = scene.harness.call(Method::GET, "/v1/auth/sessions").header("cookie", session).send().await;
        assert_eq!(sessions.status, 200);
        assert_eq!(scene.submit(pair, &credential).await.status, 400);
    }
}

#[tokio::test]
async fn another_site_begins_and_ends_nothing() {
    for scene in Scene::both().await {
        for path in ["/sign-in/passkey/options", "/sign-in/passkey"] {
            let call = scene.harness.call(Method::POST, path).header("origin", "https://evil.example");
            call.body(FORM, "credential=x").send().await.refused(403, "cross-site");
        }
        assert!(scene.rows("SELECT hash FROM passkey_ceremonies").await.is_empty());
    }
}

#[tokio::test]
async fn where_browsers_have_no_passkeys_the_page_says_nothing_of_them() {
    for mut scene in Scene::both().await {
        scene.set(&[("public_url", "http://127.0.0.1:3000")]);
        let page = scene.harness.call(Method::GET, "/sign-in").send().await;
        assert!(!page.text.contains("passkey") && !page.header("content-security-policy").contains("script-src"));
        let options = scene.harness.call(Method::POST, "/v1/auth/sign-in/passkey/options").send().await;
        let refused = options.refused(503, "misconfigured");
        assert!(refused.json["detail"].as_str().is_some_and(|detail| detail.contains("public_url")));
    }
}

#[tokio::test]
async fn a_person_adds_a_passkey_on_a_page() {
    for scene in Scene::both().await {
        let stranger = scene.harness.call(Method::GET, "/passkeys").send().await;
        assert!(stranger.status == 303 && stranger.header("location") == "/sign-in?next=%2Fpasskeys");
        let fields = form(&[("email", ADA), ("password", PASSWORD)]);
        let call = scene.harness.call(Method::POST, "/sign-in").header("origin", OURS).body(FORM, fields);
        let opened = call.send().await.with_status(200);
        let pairs: Vec<_> = cookies(&opened).iter().filter_map(|cookie| cookie.split(';').next()).collect();
        let (session, csrf) = (pairs[0], pairs[1].split_once('=').expect("a value").1);
        let page = async || scene.harness.call(Method::GET, "/passkeys").header("cookie", session).send().await;
        let empty = page().await;
        assert!(script(&empty).contains("navigator.credentials.create(") && empty.text.contains("You have no passkey"));
        assert!(empty.text.contains(&format!("name=\"csrf\" value=\"{csrf}\"")), "{}", empty.text);
        // What the script does.
        let send = async |path: &str, token: &str, body: Value| {
            let call = scene.harness.call(Method::POST, path).header("origin", OURS).header("cookie", session);
            call.header("x-csrf-token", token).json(&body).send().await
        };
        let proof = json!({ "password": PASSWORD, "code": null });
        send("/v1/auth/passkeys/options", "", proof.clone()).await.refused(403, "cross-site");
        let begun = send("/v1/auth/passkeys/options", csrf, proof).await.with_status(200).json;
        let credential = scene.create(&mut Authenticator::default(), &begun["publicKey"]);
        let body = json!({ "ceremony": begun["ceremony"], "name": "<Phone>", "credential": credential });
        let made = send("/v1/auth/passkeys", csrf, body).await.with_status(201);
        let listed = page().await;
        assert!(listed.text.contains("&lt;Phone&gt;"), "{}", listed.text);
        assert!(listed.text.contains(made.json["id"].as_str().expect("an id")));
    }
}
