//! Signing in at other providers: npm oidc-provider, and GitHub as it describes itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use bulkhead_system_tests::{Browser, Database, Host, Reply, Setup, leaks};
use serde_json::{Value, json};

use crate::github::description::{Answers, Prism};
use crate::github::server::{Seen, Server, answer};
use crate::oauth::provider::Provider;
use crate::prometheus::free_port;

const SECRET: &str = "bulkhead-client-secret";
const PASSWORD: &str = "a horse, a battery, a staple";
const SESSION: &str = "__Host-session";

/// A host with this provider, at an address that the provider can be told before it runs.
async fn host(database: Database, port: u16, provider: &str) -> Host {
    leaks::note(SECRET);
    let config = format!(
        "public_url = \"http://127.0.0.1:{port}\"\n\
         [[auth.providers]]\n{provider}client_id = \"bulkhead\"\nclient_secret_file = \"client.secret\"\n\
         [edge.variables]\nsign_up = \"open\"\n"
    );
    let setup = Setup::on(database).await.listen(&format!("127.0.0.1:{port}")).config(&config);
    let file = setup.folder().join("client.secret");
    fs::write(&file, SECRET).expect("a file can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the mode can be changed");
    setup.arguments(&["--log", "trace"]).start().await
}

/// A provider and a host that knows it.
struct World {
    provider: Provider,
    host: Host,
}

impl World {
    async fn start(database: Database, sign_up: bool) -> Self {
        let port = free_port();
        let callback = format!("http://127.0.0.1:{port}/sign-in/with/work/callback");
        let provider = Provider::for_connections(&callback).await;
        let issuer = provider.url();
        let settings =
            format!("slug = \"work\"\nname = \"Work\"\nkind = \"oidc\"\nissuer = {issuer:?}\nsign_up = {sign_up}\n");
        let host = host(database, port, &settings).await;
        Self { provider, host }
    }

    fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.host.address())
    }

    /// Goes to the provider, signs in there as somebody, and comes back.
    async fn sign_in_as(&self, browser: &mut Browser, person: &str) -> Reply {
        let authorize = format!("{}/auth", self.provider.url());
        let there = browser.open(&self.address("/sign-in/with/work"), Some(&authorize)).await;
        let there = there.expect_err("the way to the provider");
        browser.open(&format!("{there}&login_hint={person}"), None).await.expect("a page")
    }

    /// Goes to the provider, and stops at the address that it leads back to.
    async fn almost_back(&self, browser: &mut Browser) -> String {
        let back = self.address("/sign-in/with/work/callback");
        browser.open(&self.address("/sign-in/with/work"), Some(&back)).await.expect_err("the provider leads back")
    }
}

/// What the session of a browser gets to see.
async fn see(host: &Host, browser: &Browser, path: &str) -> Value {
    let cookie = browser.cookie(host.address(), SESSION).expect("the browser is signed in");
    host.request("GET", path).header("cookie", &format!("{SESSION}={cookie}")).send().await.expect(200)
}

fn signed_in(page: &Reply) {
    assert!(page.status == 200 && page.text().contains("Signed in"), "{} {}", page.status, page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_an_account_and_is_known_from_then_on() {
    let world = World::start(Database::of_this_run().await, true).await;
    let mut browser = Browser::default();
    let page = browser.open(&world.address("/sign-in"), None).await.expect("a page");
    assert!(page.text().contains("href=\"/sign-in/with/work\""), "{}", page.text());
    signed_in(&browser.open(&world.address("/sign-in/with/work"), None).await.expect("a page"));
    let profile = see(&world.host, &browser, "/v1/profile").await;
    assert_eq!((&profile["email"], &profile["name"]), (&json!("ada@example.com"), &json!("ada")));
    assert!(profile["email_verified_at"].is_string(), "{profile:#}");
    let own = see(&world.host, &browser, "/v1/auth/identities").await;
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1), "{own:#}");
    assert_eq!(
        (&own["items"][0]["subject"], &own["items"][0]["issuer"]),
        (&json!("ada"), &json!(world.provider.url()))
    );

    let mut other = Browser::default();
    signed_in(&world.sign_in_as(&mut other, "ada").await);
    assert_eq!(see(&world.host, &other, "/v1/profile").await["id"], profile["id"]);
    // Whose address the provider has not seen to be theirs gets none.
    let mut eve = Browser::default();
    let page = world.sign_in_as(&mut eve, "unproven-eve").await;
    assert!(page.status == 403 && eve.cookie(world.host.address(), SESSION).is_none(), "{}", page.text());
    for secret in ["access_token=", "id_token=", "code_verifier="] {
        assert!(!world.host.log().contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_the_providers_to_this_browser_are_refused() {
    let world = World::start(Database::of_this_run().await, true).await;
    let mut browser = Browser::default();
    let back = world.almost_back(&mut browser).await;
    let (address, query) = back.split_once('?').expect("a query");
    let state = query.split('&').find(|pair| pair.starts_with("state=")).expect("a state").to_owned();
    let status = async |browser: &mut Browser, url: &str| browser.open(url, None).await.expect("a page").status;
    assert_eq!(status(&mut Browser::default(), &back).await, 403);
    let wrong_state = format!("{address}?{}", query.replace(&state, "state=another"));
    assert_eq!(status(&mut browser, &wrong_state).await, 400);
    assert_eq!(status(&mut browser, &back).await, 200);
    assert_eq!(status(&mut browser, &back).await, 400, "a state is used once");
    for (from, to, expected) in
        [("iss=", "iss=https%3A%2F%2Fevil.example.com&x=", 400), ("code=", "code=another&x=", 502)]
    {
        let mut browser = Browser::default();
        let back = world.almost_back(&mut browser).await.replace(from, to);
        assert_eq!(status(&mut browser, &back).await, expected, "{to}");
        assert!(browser.cookie(world.host.address(), SESSION).is_none());
    }
    // Too late.
    let mut browser = Browser::default();
    let back = world.almost_back(&mut browser).await;
    world.host.execute("UPDATE sign_in_attempts SET expires_at = 1").await;
    assert_eq!(status(&mut browser, &back).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_an_account_links_an_identity_and_signs_in_with_it() {
    let world = World::start(Database::of_this_run().await, false).await;
    let World { host, .. } = &world;
    let body = json!({
        "email": "grace@example.com", "password": PASSWORD, "name": "Grace",
        "organization": { "slug": "compilers", "name": "Compilers" },
    });
    let made = host.request("POST", "/v1/auth/sign-up").json(&body).send().await.expect(200);
    let token = made["access_token"].as_str().expect("a token").to_owned();
    // Nobody is known yet, and strangers get no account here.
    let mut browser = Browser::default();
    assert_eq!(world.sign_in_as(&mut browser, "ada").await.status, 403);

    let link = json!({ "provider": "work", "password": PASSWORD });
    let begin = || host.request("POST", "/v1/auth/identities").key(&token).json(&link);
    assert_eq!(begin().send().await.problem(403)["type"], "urn:bulkhead:problem:address-not-verified");
    host.execute("UPDATE users SET email_verified_at = 1 WHERE email = 'grace@example.com'").await;
    let begun = begin().send().await;
    let mut browser = Browser::default();
    browser.keep(host.address(), &begun);
    let url = begun.expect(200)["url"].as_str().expect("an address").to_owned();
    let page = browser.open(&url, None).await.expect("a page");
    assert!(page.status == 200 && page.text().contains("is linked"), "{}", page.text());

    let mut browser = Browser::default();
    signed_in(&world.sign_in_as(&mut browser, "ada").await);
    assert_eq!(see(host, &browser, "/v1/profile").await["email"], "grace@example.com");
    let own = see(host, &browser, "/v1/auth/identities").await;
    let id = own["items"][0]["id"].as_str().expect("an id");
    let unlink = host.request("DELETE", &format!("/v1/auth/identities/{id}")).key(&token).send().await;
    assert_eq!(unlink.status, 204);
    assert_eq!(world.sign_in_as(&mut Browser::default(), "ada").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_by_an_address_that_both_have_seen_to_be_theirs() {
    let world = World::start(Database::of_this_run().await, false).await;
    let host = &world.host;
    let renamed =
        "UPDATE users SET email = 'ada@example.com', email_verified_at = NULL WHERE email = 'owner@localhost'";
    host.execute(renamed).await;
    assert_eq!(world.sign_in_as(&mut Browser::default(), "ada").await.status, 409);
    host.execute("UPDATE users SET email_verified_at = 1 WHERE email = 'ada@example.com'").await;
    let mut browser = Browser::default();
    signed_in(&world.sign_in_as(&mut browser, "ada").await);
    assert_eq!(see(host, &browser, "/v1/profile").await["name"], "Owner");
    assert_eq!(host.audit("action=identity.link&outcome=refused").await.len(), 1);
    assert_eq!(host.audit("action=identity.link&outcome=succeeded").await.len(), 1);
}

/// GitHub's answer when somebody agrees, and to the exchange: as its documentation has them. What is asked of its API goes to
/// Prism, which knows its description.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_by_github() {
    const TOKEN: &str = "gho_16C7e42F292c6912E7710c838347Ae178B4a";
    leaks::note(TOKEN);
    let port = free_port();
    let paths = ["/user".to_owned(), "/user/emails".to_owned()];
    let prism = Arc::new(Prism::start(Answers::Examples, &paths).await);
    let faults = Arc::<Mutex<Vec<Value>>>::default();
    let (api, found) = (prism.clone(), faults.clone());
    let github = Server::start(move |seen: Seen| {
        let (api, found) = (api.clone(), found.clone());
        async move {
            let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
            if path == "/login/oauth/authorize" {
                let state = query.split('&').find(|pair| pair.starts_with("state=")).unwrap_or_default();
                let back = format!("http://127.0.0.1:{port}/sign-in/with/github/callback?code=a-code&{state}");
                return answer(302, &[("location", &back)], "");
            }
            if path == "/login/oauth/access_token" {
                let body = String::from_utf8_lossy(&seen.body).into_owned();
                let expected = ["code=a-code", "client_id=bulkhead", "client_secret=", "code_verifier="];
                assert!(expected.iter().all(|word| body.contains(word)), "{body}");
                let token = json!({ "access_token": TOKEN, "scope": "read:user,user:email", "token_type": "bearer" });
                return answer(200, &[("content-type", "application/json")], token.to_string());
            }
            let path = path.strip_prefix("/api/v3").unwrap_or("/nothing").to_owned();
            let (reply, wrong) = api.ask(&Seen { path, ..seen.clone() }).await;
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(wrong);
            answer(reply.status, &[("content-type", reply.header("content-type"))], reply.text())
        }
    })
    .await;
    let settings =
        format!("slug = \"github\"\nkind = \"github\"\nurl = \"http://{}\"\nsign_up = true\n", github.address);
    let host = host(Database::of_this_run().await, port, &settings).await;
    let mut browser = Browser::default();
    let page = browser.open(&format!("http://{}/sign-in/with/github", host.address()), None).await;
    signed_in(&page.expect("a page"));
    assert_eq!(see(&host, &browser, "/v1/profile").await["email"], "octocat@github.com");
    assert_eq!(*faults.lock().unwrap_or_else(PoisonError::into_inner), Vec::<Value>::new());
    let asked = github.seen();
    let user = asked.iter().find(|seen| seen.path == "/api/v3/user").expect("it is asked who it is");
    assert_eq!(user.header("authorization"), format!("Bearer {TOKEN}"));
    assert!(asked.iter().any(|seen| seen.path == "/api/v3/user/emails"));
}
