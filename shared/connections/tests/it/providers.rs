//! Each provider's peculiarities, with answers as its documentation shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use bulkhead_connections::{GrantedTokens, OauthClient, TokenEndpoint, TokenError};
use bulkhead_connectors::oauth::{OauthEntry, OauthProvider, SettingValues, provider_names};
use bulkhead_kernel::Secret;
use bulkhead_kernel::http::HttpLimits;
use bulkhead_testkit::FakeHttp;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

fn provider(name: &str) -> OauthProvider {
    let none = BTreeMap::new();
    let entry = OauthEntry { provider: Some(name.to_owned()), ..OauthEntry::default() };
    let settings = SettingValues { values: &none, given: &none };
    entry.resolve(&"mine".parse().expect("a slug"), settings).expect("a provider")
}

fn client() -> OauthClient {
    OauthClient { id: "the-client".to_owned(), secret: Some(Secret::new("the-secret".to_owned())) }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// Exchanges a code for this answer; what came of it and what was sent.
async fn exchange(name: &str, status: u16, said: &Value) -> (Result<GrantedTokens, TokenError>, Request<Bytes>) {
    let (provider, client, http) = (provider(name), client(), FakeHttp::json(status, said));
    let endpoint = TokenEndpoint::new(&provider, &client, &http, HttpLimits::default());
    let (code, verifier) = (secret("the-code"), secret(&"v".repeat(43)));
    let result = endpoint.exchange("https://bulkhead.example.com/oauth/callback", &code, &verifier).await;
    let sent = http.sent().swap_remove(0);
    assert_eq!(sent.uri().to_string(), provider.token_url);
    assert_eq!(sent.headers()["accept"], "application/json");
    (result, sent)
}

async fn refresh(name: &str, status: u16, said: &Value) -> (Result<GrantedTokens, TokenError>, Request<Bytes>) {
    let (provider, client, http) = (provider(name), client(), FakeHttp::json(status, said));
    let endpoint = TokenEndpoint::new(&provider, &client, &http, HttpLimits::default());
    let result = endpoint.refresh(&secret("the-old-one")).await;
    let sent = http.sent().swap_remove(0);
    (result, sent)
}

async fn revoke(name: &str) -> Vec<Request<Bytes>> {
    let (provider, client, http) = (provider(name), client(), FakeHttp::json(200, &json!({})));
    let endpoint = TokenEndpoint::new(&provider, &client, &http, HttpLimits::default());
    endpoint.revoke(&secret("the-access-token"), Some(&secret("the-refresh-token"))).await.expect("revokes");
    http.sent()
}

fn body(request: &Request<Bytes>) -> String {
    String::from_utf8_lossy(request.body()).into_owned()
}

/// Access token, refresh token, lifetime in seconds, scopes, account.
type Short = (String, Option<String>, Option<u64>, Option<String>, Option<String>);

fn short(granted: Result<GrantedTokens, TokenError>) -> Short {
    let granted = granted.expect("tokens");
    (
        granted.access_token.expose().to_owned(),
        granted.refresh_token.map(|token| token.expose().to_owned()),
        granted.expires_in.as_ref().map(Duration::as_secs),
        granted.scopes.map(|scopes| scopes.join(" ")),
        granted.account,
    )
}

fn expected(
    access: &str,
    refresh: Option<&str>,
    lifetime: Option<u64>,
    scopes: Option<&str>,
    account: Option<&str>,
) -> Short {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    (access.to_owned(), owned(refresh), lifetime, owned(scopes), owned(account))
}

#[tokio::test]
async fn answers_as_documented_become_tokens() {
    let cases = [
        (
            "atlassian",
            json!({"access_token": "a", "expires_in": 3600, "refresh_token": "r", "scope": "read:jira-work offline_access", "token_type": "Bearer"}),
            expected("a", Some("r"), Some(3600), Some("read:jira-work offline_access"), None),
        ),
        (
            "github",
            json!({"access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "scope": "repo,gist", "token_type": "bearer"}),
            expected("gho_16C7e42F292c6912E7710c838347Ae178B4a", None, None, Some("repo gist"), None),
        ),
        (
            "gitlab",
            json!({"access_token": "a", "token_type": "bearer", "expires_in": 7200, "refresh_token": "r", "created_at": 1_607_635_748}),
            expected("a", Some("r"), Some(7200), None, None),
        ),
        (
            "google",
            json!({"access_token": "a", "expires_in": 3920, "token_type": "Bearer", "scope": "https://www.googleapis.com/auth/drive.metadata.readonly", "refresh_token": "r"}),
            expected("a", Some("r"), Some(3920), Some("https://www.googleapis.com/auth/drive.metadata.readonly"), None),
        ),
        (
            "linear",
            json!({"access_token": "a", "token_type": "Bearer", "expires_in": 86_399, "scope": "read write", "refresh_token": "r"}),
            expected("a", Some("r"), Some(86_399), Some("read write"), None),
        ),
        (
            "notion",
            json!({"access_token": "a", "refresh_token": "r", "token_type": "bearer", "bot_id": "b", "workspace_name": "Ada's Notion", "owner": {"type": "user"}}),
            expected("a", Some("r"), None, None, Some("Ada's Notion")),
        ),
        (
            "pagerduty",
            json!({"client_info": "prefix_legacy_app", "id_token": "i", "token_type": "bearer", "access_token": "a", "refresh_token": "r", "scope": "openid write", "expires_in": 864_000}),
            expected("a", Some("r"), Some(864_000), Some("openid write"), None),
        ),
        (
            "sentry",
            json!({"access_token": "a", "refresh_token": "r", "expires_in": 2_591_999, "expires_at": "2024-11-27T23:20:21.054320Z", "token_type": "bearer", "scope": "org:read project:read", "user": {"id": "123", "name": "Jane Doe", "email": "jane@example.com"}}),
            expected("a", Some("r"), Some(2_591_999), Some("org:read project:read"), Some("jane@example.com")),
        ),
        (
            "slack",
            json!({"ok": true, "access_token": "xoxb-bot", "token_type": "bot", "scope": "commands", "team": {"name": "Slack Pickleball Team", "id": "T"}, "authed_user": {"id": "U", "scope": "chat:write,search:read", "access_token": "xoxp-user", "token_type": "user", "expires_in": 43_200, "refresh_token": "xoxe-1"}}),
            expected(
                "xoxp-user",
                Some("xoxe-1"),
                Some(43_200),
                Some("chat:write search:read"),
                Some("Slack Pickleball Team"),
            ),
        ),
        (
            "vercel",
            json!({"access_token": "a", "token_type": "Bearer", "id_token": "i", "expires_in": 3600, "scope": "openid offline_access", "refresh_token": "r"}),
            expected("a", Some("r"), Some(3600), Some("openid offline_access"), None),
        ),
    ];
    let names: Vec<_> = cases.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(names, provider_names(), "a provider has no answer here");
    for (name, said, tokens) in cases {
        let (granted, sent) = exchange(name, 200, &said).await;
        assert_eq!(short(granted), tokens, "{name}");
        let provider = provider(name);
        assert_eq!(body(&sent).contains("code_verifier"), provider.pkce, "{name}");
    }
}

#[tokio::test]
async fn refusals_become_the_standards() {
    for (name, status, said, error) in [
        ("github", 200, json!({"error": "bad_verification_code", "error_description": "…"}), TokenError::InvalidGrant),
        ("github", 200, json!({"error": "bad_refresh_token"}), TokenError::InvalidGrant),
        ("slack", 200, json!({"ok": false, "error": "invalid_refresh_token"}), TokenError::InvalidGrant),
        ("slack", 200, json!({"ok": false}), TokenError::Refused("unknown".to_owned())),
        ("notion", 400, json!({"object": "error", "status": 400, "code": "invalid_grant"}), TokenError::InvalidGrant),
        ("gitlab", 400, json!({"error": "invalid_grant"}), TokenError::InvalidGrant),
        ("atlassian", 403, json!({"error": "invalid_grant", "error_description": "…"}), TokenError::InvalidGrant),
        ("google", 401, json!({"error": "invalid_client"}), TokenError::Refused("invalid_client".to_owned())),
        ("google", 200, json!({"expires_in": 3600}), TokenError::Malformed),
        ("google", 200, json!([]), TokenError::Malformed),
    ] {
        assert_eq!(refresh(name, status, &said).await.0.err(), Some(error), "{name} {said}");
    }
    for status in [500, 503, 429] {
        let (result, _) = refresh("google", status, &json!({"error": "invalid_grant"})).await;
        assert!(matches!(result, Err(TokenError::Unavailable(_))), "{status}");
    }
}

#[tokio::test]
async fn a_client_proves_itself_as_the_provider_wants() {
    let tokens = json!({"access_token": "a"});
    let (_, basic) = refresh("slack", 200, &tokens).await;
    assert_eq!(basic.headers()["authorization"], "Basic dGhlLWNsaWVudDp0aGUtc2VjcmV0");
    assert_eq!(body(&basic), "grant_type=refresh_token&refresh_token=the-old-one");
    let (_, post) = refresh("gitlab", 200, &tokens).await;
    assert!(!post.headers().contains_key("authorization"));
    assert!(body(&post).contains("client_id=the-client") && body(&post).contains("client_secret=the-secret"));
    let (_, notion) = refresh("notion", 200, &tokens).await;
    let said: Value = serde_json::from_slice(notion.body()).expect("JSON");
    assert_eq!(said, json!({"grant_type": "refresh_token", "refresh_token": "the-old-one"}));
    assert_eq!(notion.headers()["content-type"], "application/json");
    assert_eq!(notion.headers()["notion-version"], "2025-09-03");
    assert!(notion.headers().contains_key("authorization"));
}

#[tokio::test]
async fn a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    let (granted, _) = refresh("google", 200, &json!({"access_token": "new", "expires_in": 3600})).await;
    assert_eq!(short(granted), expected("new", None, Some(3600), None, None));
    // Slack's stands in the answer itself then.
    let said = json!({"ok": true, "access_token": "xoxe.xoxp-1", "expires_in": 43_200, "refresh_token": "xoxe-2", "token_type": "user"});
    let (granted, _) = refresh("slack", 200, &said).await;
    assert_eq!(short(granted), expected("xoxe.xoxp-1", Some("xoxe-2"), Some(43_200), None, None));
}

#[tokio::test]
async fn tokens_are_revoked_as_the_provider_wants() {
    let gitlab = revoke("gitlab").await;
    let tokens: Vec<_> = gitlab.iter().map(|request| body(request).contains("token=the-refresh-token")).collect();
    assert_eq!(tokens, [true, false]);
    let slack = revoke("slack").await;
    assert_eq!(
        (slack.len(), &slack[0].headers()["authorization"]),
        (1, &"Bearer the-access-token".parse().expect("a value"))
    );
    let github = revoke("github").await;
    assert_eq!(github[0].method(), "DELETE");
    assert_eq!(github[0].uri(), "https://api.github.com/applications/the-client/token");
    assert_eq!(body(&github[0]), r#"{"access_token":"the-access-token"}"#);
    let vercel = revoke("vercel").await;
    assert!(vercel.iter().all(|request| request.headers()["authorization"] == "Basic dGhlLWNsaWVudDp0aGUtc2VjcmV0"));
    assert!(vercel.len() == 2 && vercel.iter().all(|request| !body(request).contains("client_secret")));
    assert!(revoke("atlassian").await.is_empty());
    for sent in [gitlab, slack, github] {
        assert!(sent.iter().all(|request| !format!("{:?}", request.headers()).contains("the-secret")));
    }
}
