//! GitHub, with the answers of its documentation.

use std::sync::{Arc, Mutex};

use bulkhead_testkit::FakeHttp;
use bulkhead_testkit::fake_http::json_response;
use bulkhead_testkit::functions::Answer;
use serde_json::{Value, json};

use super::scene::{Scene, form};

/// <https://docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user>
fn emails() -> Value {
    json!([
        { "email": "octocat@github.com", "verified": true, "primary": true, "visibility": "public" },
        { "email": "other@github.com", "verified": true, "primary": false, "visibility": null },
    ])
}

struct GitHub {
    scene: Scene,
    http: Arc<FakeHttp>,
    emails: Arc<Mutex<Value>>,
    token: Arc<Mutex<Value>>,
}

impl GitHub {
    async fn start(url: &str, api: &str) -> Self {
        let mut scene = Scene::start().await;
        let provider = json!({
            "slug": "github", "kind": "github", "url": url, "client_id": "the-client", "client_secret": "the-client-secret",
            "sign_up": true,
        });
        scene.configure_all(&json!([provider]));
        let emails_ = Arc::new(Mutex::new(emails()));
        let token = json!({ "access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "scope": "repo,gist", "token_type": "bearer" });
        let token = Arc::new(Mutex::new(token));
        let http = Arc::new(FakeHttp::new({
            let (emails, token) = (emails_.clone(), token.clone());
            let (exchange, user) = (format!("{url}/login/oauth/access_token"), format!("{api}/user"));
            move |request| {
                let asked = request.uri().to_string();
                let body = match asked.as_str() {
                    _ if asked == exchange => token.lock().expect("no test panics here").clone(),
                    _ if asked == user => {
                        json!({ "login": "octocat", "id": 1, "name": "monalisa octocat", "email": "octocat@github.com" })
                    }
                    _ if asked == format!("{user}/emails") => emails.lock().expect("no test panics here").clone(),
                    _ => return Ok(json_response(404, "{}")),
                };
                Ok(json_response(200, body.to_string()))
            }
        }));
        scene.harness.api.http = http.clone();
        Self { scene, http, emails: emails_, token }
    }

    async fn sign_in(&self) -> Answer {
        let sent = self.scene.get("/sign-in/with/github").send().await.with_status(303);
        let (_, query) = sent.header("location").split_once('?').expect("a query");
        let query: std::collections::HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(
            (query["scope"].as_str(), query["code_challenge_method"].as_str()),
            ("read:user user:email", "S256")
        );
        let cookie = sent.header("set-cookie").split(';').next().expect("a pair").to_owned();
        let back = form(&[("state", &query["state"]), ("code", "the-code")]);
        self.scene.get(&format!("/sign-in/with/github/callback?{back}")).header("cookie", &cookie).send().await
    }
}

#[tokio::test]
async fn somebody_signs_in_by_github_or_by_an_enterprise_server() {
    for (url, api) in [
        ("https://github.com", "https://api.github.com"),
        ("https://github.example.com", "https://github.example.com/api/v3"),
    ] {
        let github = GitHub::start(url, api).await;
        let page = github.sign_in().await;
        assert_eq!(github.scene.whose(&page).await, "octocat@github.com");
        let stored = github.scene.texts("SELECT issuer || ' ' || subject AS text FROM identities").await;
        assert_eq!(stored, [format!("{url} 1")]);
        assert_eq!(github.scene.texts("SELECT slug AS text FROM organizations WHERE slug = 'octocat'").await.len(), 1);
        let page = github.sign_in().await;
        assert_eq!(github.scene.whose(&page).await, "octocat@github.com");
        let sent = github.http.sent();
        let asked = sent.iter().find(|request| request.uri().path().ends_with("/user")).expect("it is asked");
        assert_eq!(asked.headers()["authorization"], "Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a");
        assert_eq!(asked.headers()["x-github-api-version"], "2022-11-28");
        assert!(asked.headers()["user-agent"].to_str().expect("text").starts_with("bulkhead/"));
    }
}

#[tokio::test]
async fn only_an_address_that_is_primary_and_verified_is_theirs() {
    let github = GitHub::start("https://github.com", "https://api.github.com").await;
    for (primary, verified) in [(true, false), (false, true), (false, false)] {
        *github.emails.lock().expect("no test panics here") =
            json!([{ "email": "octocat@github.com", "verified": verified, "primary": primary, "visibility": null }]);
        let page = github.sign_in().await.with_status(403);
        assert!(page.text.contains("no verified e-mail address"), "{}", page.text);
    }
    assert_eq!(github.scene.texts("SELECT subject AS text FROM identities").await.len(), 0);
}

#[tokio::test]
async fn what_github_refuses_signs_nobody_in() {
    let github = GitHub::start("https://github.com", "https://api.github.com").await;
    // It says so with the status 200.
    for (error, word) in
        [("bad_verification_code", "its own answer"), ("incorrect_client_credentials", "invalid_client")]
    {
        *github.token.lock().expect("no test panics here") = json!({ "error": error, "error_description": "hunter2" });
        let page = github.sign_in().await.with_status(502);
        assert!(page.text.contains(word) && !page.text.contains("hunter2"), "{}", page.text);
    }
}
