//! Who gets in, over a real database.

use bulkhead_audit::AuditFilter;
use bulkhead_http_api::Kind;
use bulkhead_identity::{NewSession, SessionOrigin, SessionTerms, SigningKeys, open_session};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, Credential, PageRequest, Scope, Scopes};
use bulkhead_native_adapters::{OsEntropy, SystemClock};
use bulkhead_testkit::functions::Fixture;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;

use super::issuer::Served;
use super::*;
use crate::auth::Gate;
use crate::config::OauthConfig;

const METADATA: &str = "resource_metadata=\"https://bulkhead.example.com/.well-known/oauth-protected-resource/mcp\"";

struct Scene {
    fixture: Fixture,
    signer: Signer,
    served: Served,
    gate: Gate,
    own: SigningKeys,
}

impl Scene {
    async fn start() -> Self {
        let fixture = Fixture::start(Arc::new(SystemClock)).await;
        let proven = sql("UPDATE users SET email_verified_at = 1 WHERE email = 'ours@example.com'");
        fixture.ports.sql.execute(proven).await.expect("changes");
        let signer = Signer::ed25519("k");
        let served = Served::start(vec![signer.jwk.clone()]).await;
        let config = format!(
            "issuer = {:?}\nscopes = [\"a\", \"b\"]\nwrite_scope = \"w\"\nsubjects = {{ ada = \"Ours@example.com\", eve = \"nobody@example.com\" }}",
            served.url
        );
        let config: OauthConfig = toml::from_str(&config).expect("settings");
        let own = SigningKeys::generate(&OsEntropy);
        let gate = Gate::new(Some(&config), "https://bulkhead.example.com/", own.public(), None).expect("TLS");
        Self { fixture, signer, served, gate, own }
    }

    /// The same without another issuer.
    async fn alone() -> Self {
        let scene = Self::start().await;
        let gate = Gate::new(None, "https://bulkhead.example.com/", scene.own.public(), None).expect("TLS");
        Self { gate, ..scene }
    }

    /// A token of our own authorization server.
    async fn own_token(&self, audience: &str, scopes: Scopes) -> String {
        let caller = &self.fixture.ours.caller;
        let membership =
            bulkhead_identity::find_membership(&self.fixture.ports, caller.user, caller.organization).await;
        let membership = membership.expect("read").expect("a membership");
        let session = NewSession {
            membership: &membership,
            issuer: "https://bulkhead.example.com",
            audience,
            scopes,
            client: Some("client"),
            origin: SessionOrigin::default(),
            browser: None,
        };
        let (terms, correlation) = (SessionTerms::default(), CorrelationId::parse("test").expect("sane"));
        let opened = open_session(&self.fixture.ports, &self.own, &terms, session, "test", Vec::new(), &correlation);
        opened.await.expect("a session").access.expose().to_owned()
    }

    /// A token that is good now.
    fn token(&self, subject: &str, scope: &str) -> String {
        let now = self.fixture.ports.now().as_millis() / 1000;
        let times = json!({ "iss": self.served.url, "exp": now + 60, "iat": now, "nbf": now });
        let mut claims = claims(times);
        claims["sub"] = json!(subject);
        claims["scope"] = json!(scope);
        self.signer.token(&claims)
    }

    async fn enter(&self, path: &str, credential: Option<&str>) -> Result<Caller, (Kind, String)> {
        let mut request = http::Request::post(path);
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, format!("Bearer {credential}"));
        }
        let parts: Parts = request.body(()).expect("a request").into_parts().0;
        self.gate.caller(&self.fixture.ports, &parts).await.map_err(|problem| {
            let kind = problem.kind();
            let response = axum::response::IntoResponse::into_response(problem);
            let challenge = response.headers().get(WWW_AUTHENTICATE).expect("a challenge");
            (kind, challenge.to_str().expect("text").to_owned())
        })
    }

    async fn refused(&self, credential: &str) -> (Kind, String) {
        self.enter("/mcp", Some(credential)).await.expect_err("refused")
    }
}

#[tokio::test]
async fn a_token_acts_as_the_user_whom_its_subject_is_bound_to() {
    let scene = Scene::start().await;
    let caller = scene.enter("/mcp", Some(&scene.token("ada", "b a c"))).await.expect("a caller");
    let ours = &scene.fixture.ours.caller;
    assert_eq!((caller.organization, caller.user, caller.role), (ours.organization, ours.user, ours.role));
    assert_eq!(caller.missing_write_scope(), Some("w"));
    let Credential::Token(token) = caller.credential else { panic!("no token") };
    assert_eq!((token.id.as_str(), token.scopes), ("jti:t-1", vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
}

#[tokio::test]
async fn an_api_key_needs_no_scope() {
    let scene = Scene::start().await;
    let caller = scene.enter("/mcp", Some(&scene.fixture.ours.key)).await.expect("a caller");
    assert!(matches!(caller.credential, Credential::ApiKey(_)) && caller.missing_write_scope().is_none());
}

#[tokio::test]
async fn without_a_credential_the_challenge_says_where_to_get_one() {
    let scene = Scene::start().await;
    let refused = scene.enter("/mcp", None).await.expect_err("refused");
    assert_eq!(refused, (Kind::Unauthenticated, format!("Bearer scope=\"a b\", {METADATA}")));
}

#[tokio::test]
async fn a_subject_that_is_not_exactly_one_user_is_refused() {
    let scene = Scene::start().await;
    let description = "error_description=\"the token's subject is not bound to a user here\"";
    let expected =
        (Kind::Unauthenticated, format!("Bearer error=\"invalid_token\", {description}, scope=\"a b\", {METADATA}"));
    // Bound to nothing, by another case of its letters, and to an address that nobody has.
    for subject in ["mallory", "Ada", "ours@example.com", "eve"] {
        assert_eq!(scene.refused(&scene.token(subject, "a b")).await, expected, "{subject}");
    }
    // To a user of two organisations.
    let both = sql("INSERT INTO memberships SELECT $1, user_id, role, created_at FROM memberships WHERE user_id = $2")
        .bind(scene.fixture.theirs.caller.organization)
        .bind(scene.fixture.ours.caller.user)
        .across_tenants("a test");
    scene.fixture.ports.sql.execute(both).await.expect("updates");
    assert_eq!(scene.refused(&scene.token("ada", "a b")).await, expected);
}

#[tokio::test]
async fn a_token_that_lacks_one_scope_is_told_all_and_that_is_audited() {
    let scene = Scene::start().await;
    for scope in ["a", "b", "", "ab", "A B", "w"] {
        let (kind, challenge) = scene.refused(&scene.token("ada", scope)).await;
        assert_eq!(kind, Kind::InsufficientScope, "{scope}");
        assert!(challenge.starts_with("Bearer error=\"insufficient_scope\", "), "{challenge}");
        assert!(challenge.ends_with(&format!("scope=\"a b\", {METADATA}")), "{challenge}");
    }
    let Fixture { ports, ours, .. } = &scene.fixture;
    let page = bulkhead_audit::list(ports, &ours.caller, &AuditFilter::default(), &PageRequest::default()).await;
    let entries = page.expect("read").items;
    assert_eq!(entries.len(), 6);
    assert!(entries.iter().all(|entry| entry.action == "mcp.request" && entry.actor.credential_id == "jti:t-1"));
}

#[tokio::test]
async fn a_token_in_the_query_is_refused_also_beside_one_in_the_header() {
    let scene = Scene::start().await;
    let token = scene.token("ada", "a b");
    for name in ["access_token", "access%5ftoken"] {
        for credential in [None, Some(token.as_str())] {
            let (kind, challenge) = scene.enter(&format!("/mcp?x=1&{name}=y"), credential).await.expect_err("refused");
            assert_eq!(kind, Kind::InvalidParameters);
            assert!(challenge.starts_with("Bearer error=\"invalid_request\", "), "{challenge}");
        }
    }
    assert!(scene.enter("/mcp?token=x", Some(&token)).await.is_ok());
}

#[tokio::test]
async fn tokens_of_ours_get_in_with_another_issuer_and_without() {
    for scene in [Scene::start().await, Scene::alone().await] {
        let tools = || Scopes::Only([Scope::Tools].into());
        let token = scene.own_token(AUDIENCE, tools()).await;
        let caller = scene.enter("/mcp", Some(&token)).await.expect("a caller");
        assert_eq!(caller.user, scene.fixture.ours.caller.user);
        assert!(matches!(caller.credential, Credential::Session(_)));
        let elsewhere = scene.own_token("https://bulkhead.example.com/v1", tools()).await;
        assert_eq!(scene.refused(&elsewhere).await.0, Kind::Unauthenticated);
        let (kind, challenge) =
            scene.refused(&scene.own_token(AUDIENCE, Scopes::Only([Scope::Profile].into())).await).await;
        assert_eq!(kind, Kind::InsufficientScope);
        assert!(
            challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"tools\""),
            "{challenge}"
        );
        scene
            .fixture
            .ports
            .sql
            .execute(sql("UPDATE sessions SET revoked_at = 1").across_tenants("a test"))
            .await
            .expect("updates");
        let (kind, challenge) = scene.refused(&token).await;
        assert_eq!(kind, Kind::Unauthenticated);
        assert!(challenge.contains("error=\"invalid_token\"") && challenge.contains(METADATA), "{challenge}");
    }
}

#[tokio::test]
async fn without_another_issuer_clients_are_sent_to_ours_and_that_ones_tokens_are_refused() {
    let scene = Scene::alone().await;
    let refused = scene.enter("/mcp", None).await.expect_err("refused");
    assert_eq!(refused, (Kind::Unauthenticated, format!("Bearer scope=\"tools\", {METADATA}")));
    assert_eq!(scene.refused(&scene.token("ada", "a b")).await.0, Kind::Unauthenticated);
    let metadata = scene.gate.resource().metadata();
    assert_eq!(metadata["authorization_servers"], json!(["https://bulkhead.example.com"]));
    assert_eq!((&metadata["resource"], &metadata["scopes_supported"]), (&json!(AUDIENCE), &json!(["tools"])));
}

#[test]
fn the_metadata_is_what_rfc_9728_says() {
    let config: OauthConfig =
        toml::from_str("issuer = \"https://id.example.com/\"\nwrite_scope = \"w\"").expect("settings");
    let resource = crate::auth::Resource::new(Some(&config), "https://bulkhead.example.com");
    let expected = json!({
        "resource": AUDIENCE, "authorization_servers": ["https://id.example.com/"], "scopes_supported": ["mcp", "w"],
        "bearer_methods_supported": ["header"], "resource_name": "Bulkhead",
    });
    assert_eq!(resource.metadata(), expected);
    let config = OauthConfig { audience: Some("urn:bulkhead".to_owned()), ..config };
    assert_eq!(crate::auth::Resource::new(Some(&config), "https://x").metadata()["resource"], "urn:bulkhead");
}
