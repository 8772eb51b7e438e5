//! Signing in at another provider: the crate federation, and identities of the crate identity.

use bulkhead_connections::CallbackAnswer;
use bulkhead_federation::{Completion, DiscoveryCache, Intent, Providers, Start, complete, start};
use bulkhead_identity::{
    CredentialLimits, ExternalPerson, IdentityKey, NewSession, Notices, OpaqueToken, Purpose, Recognised,
    SessionOrigin, SessionTerms, SigningKeys, authenticate_browser, link_identity, list_identities, may_link,
    open_session, recognise, unlink_identity,
};
use bulkhead_kernel::{Scopes, Secret};
use bulkhead_testkit::FakeHttp;
use bulkhead_testkit::fake_http::json_response;

use super::{Scene, correlation};

const ISSUER: &str = "https://bulkhead.example.com";
const REDIRECT: &str = "https://bulkhead.example.com/sign-in/with/github/callback";

pub(super) async fn run(scene: &Scene) {
    let Scene { ports, .. } = scene;
    let person = comes_back(scene).await;
    let key = IdentityKey::generate(ports.entropy.as_ref());
    let notices = Notices { key: &key, public_url: ISSUER };
    let Recognised::New(account) = recognise(ports, &person, true, &notices, &correlation()).await.expect("is open")
    else {
        panic!("nobody is known yet");
    };
    let keys = SigningKeys::generate(ports.entropy.as_ref());
    let cookie = OpaqueToken::generate(Purpose::Browser, ports.entropy.as_ref());
    let session = NewSession {
        membership: &account.membership,
        issuer: ISSUER,
        audience: ISSUER,
        scopes: Scopes::Everything,
        client: None,
        origin: SessionOrigin::default(),
        browser: Some(&cookie),
    };
    let terms = SessionTerms::default();
    let opened = open_session(ports, &keys, &terms, session, "identity:github", account.steps, &correlation()).await;
    opened.expect("opens");
    let known = recognise(ports, &person, false, &notices, &correlation()).await.expect("is known");
    assert!(matches!(known, Recognised::Known(_)));

    let caller = authenticate_browser(ports, cookie.expose()).await.expect("the session goes on");
    let limits = CredentialLimits::default();
    let session = may_link(ports, &caller, (None, None), &limits, &correlation()).await.expect("has just signed in");
    let other = ExternalPerson { subject: "2".to_owned(), ..person };
    link_identity(ports, (caller.user, session), &other, &notices, &correlation()).await.expect("links");
    let own = list_identities(ports, &caller).await.expect("reads");
    assert_eq!(own.len(), 2);
    let issuers = ["https://github.com"];
    unlink_identity(ports, &caller, own[0].id, &issuers, &correlation()).await.expect("there is another one");
}

/// Somebody goes to GitHub, and comes back.
async fn comes_back(scene: &Scene) -> ExternalPerson {
    let Scene { ports, .. } = scene;
    let http = FakeHttp::new(|request| {
        let body = match request.uri().path() {
            "/login/oauth/access_token" => r#"{"access_token": "x", "token_type": "bearer"}"#,
            "/user" => r#"{"id": 1, "login": "octocat", "name": null}"#,
            _ => r#"[{"email": "octocat@github.com", "primary": true, "verified": true}]"#,
        };
        Ok(json_response(200, body))
    });
    let providers = r#"[{"slug": "github", "kind": "github", "client_id": "a", "client_secret": "b"}]"#;
    let providers = Providers::parse(providers).expect("providers");
    let provider = providers.get("github").expect("is there");
    let (key, cache) = (IdentityKey::generate(ports.entropy.as_ref()), DiscoveryCache::new());
    let way = Start { provider, http: &http, cache: &cache, key: &key, redirect_uri: REDIRECT };
    let started = start(ports, &way, Intent::SignIn, None).await.expect("starts");
    let (_, state) = started.url.split_once("state=").expect("a state");
    let state = Secret::new(state.split('&').next().unwrap_or_default().to_owned());
    let answer = CallbackAnswer { state, code: Some(Secret::new("c".to_owned())), iss: None, error: None };
    let completion = Completion { provider, http: &http, cache: &cache, key: &key, redirect_uri: REDIRECT };
    let completed = complete(ports, &completion, &answer, Some(started.browser.expose())).await;
    completed.expect("is GitHub's answer").person
}
