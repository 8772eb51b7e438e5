//! The page on which a user decides, and who gets to it.

use bulkhead_kernel::sql::sql;
use http::Method;
use serde_json::json;

use super::person::{CALLBACK, FORM, OURS, Scene, challenge, form, input, parameter};

const REST: &str = "https://bulkhead.example.com/v1";

#[tokio::test]
async fn from_the_metadata_to_a_token_that_works() {
    let scene = Scene::start().await;
    let metadata = scene.harness.call(Method::GET, "/.well-known/oauth-authorization-server").send().await;
    assert_eq!(metadata.json["issuer"], OURS);
    assert_eq!(metadata.json["code_challenge_methods_supported"], json!(["S256"]));
    for (name, path) in [("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "jwks")] {
        assert_eq!(metadata.json[name], format!("{OURS}/oauth/{path}"));
    }
    let openid = scene.harness.call(Method::GET, "/.well-known/openid-configuration").send().await;
    assert_eq!(openid.json["token_endpoint"], metadata.json["token_endpoint"]);

    let client = scene.public_client().await;
    let page = scene.open("/oauth/authorize", &Scene::query(&client, &[])).await.with_status(200);
    for words in ["Editor", "an application on this computer", "Analytical Engines", "https://bulkhead.example.com/mcp"]
    {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:4711;"), "{policy}");

    let location =
        scene.decide(&Scene::query(&client, &[("resource", REST), ("scope", "profile tools")]), "allow").await;
    assert!(location.starts_with(&format!("{CALLBACK}?code=bha_")), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(OURS));
    let answer = scene.redeem(&client, &parameter(&location, "code").expect("a code"), &[]).await.with_status(200);
    assert_eq!((&answer.json["token_type"], &answer.json["scope"]), (&json!("Bearer"), &json!("tools profile")));
    assert_eq!(scene.works(&answer.json["access_token"]).await, 200);

    // Its key is among those that are published.
    let keys = scene.harness.call(Method::GET, "/oauth/jwks").send().await;
    assert_eq!((&keys.json["keys"][0]["kty"], &keys.json["keys"][0]["crv"]), (&json!("OKP"), &json!("Ed25519")));
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let query = Scene::query(&client, &[]);
    // Whatever the request is: nobody is led on before they have signed in.
    for query in [query.as_str(), "client_id=nobody", ""] {
        let call = scene.harness.call(Method::GET, &format!("/oauth/authorize?{query}"));
        let location = call.send().await.with_status(303).header("location").to_owned();
        let next = parameter(&location, "next").expect("where to come back to");
        assert!(location.starts_with("/sign-in?") && next.starts_with("/oauth/authorize"), "{location}");
        assert!(next.ends_with(query));
    }
    let fields = form(&[("csrf", "x"), ("request", &query), ("decision", "allow")]);
    let call = scene.harness.call(Method::POST, "/oauth/authorize").header("origin", OURS).body(FORM, fields);
    assert!(call.send().await.with_status(303).header("location").starts_with("/sign-in?"));
}

#[tokio::test]
async fn a_user_who_refuses_and_the_client_is_told() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let location = scene.decide(&Scene::query(&client, &[]), "deny").await;
    assert!(location.starts_with(CALLBACK), "{location}");
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "state").as_deref(), Some("a state"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(OURS));
    assert_eq!(parameter(&location, "code"), None);
}

#[tokio::test]
async fn where_client_or_redirect_is_not_certain_nobody_is_sent_anywhere() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    for changes in [
        [("client_id", "nobody")],
        [("client_id", "0192d3a4-7b1c-7f00-8000-000000000000")],
        [("client_id", "")],
        [("client_id", "a b")],
        [("redirect_uri", "")],
        [("redirect_uri", "https://evil.example/callback")],
        [("redirect_uri", "http://127.0.0.1:4711/callback/")],
        [("redirect_uri", "http://127.0.0.1:4711/callback?x")],
        [("redirect_uri", "http://localhost:4711/callback")],
        [("redirect_uri", "http://127.0.0.1:4711@evil.example/callback")],
    ] {
        let query = Scene::query(&client, &changes);
        let answer = scene.open("/oauth/authorize", &query).await.with_status(400);
        assert!(answer.is_page() && answer.header("location").is_empty(), "{changes:?}");
    }
    // Each given twice.
    let query = Scene::query(&client, &[]);
    for again in [("client_id", client.as_str()), ("redirect_uri", CALLBACK)] {
        let answer = scene.open("/oauth/authorize", &format!("{query}&{}", form(&[again]))).await;
        assert!(answer.with_status(400).is_page());
    }
    // A port of this machine is the operating system's choice.
    let query = Scene::query(&client, &[("redirect_uri", "http://127.0.0.1:5000/callback")]);
    assert_eq!(scene.open("/oauth/authorize", &query).await.status, 200);
}

#[tokio::test]
async fn a_client_is_told_what_is_wrong_with_its_request() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let plain = challenge();
    for (changes, error) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("request", "eyJ")], "invalid_request"),
        (vec![("request_uri", "urn:x")], "invalid_request"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", ""), ("code_challenge", plain.as_str())], "invalid_request"),
        (vec![("scope", "everything")], "invalid_scope"),
        (vec![("scope", "tools everything")], "invalid_scope"),
        (vec![("scope", " ")], "invalid_scope"),
        (vec![("resource", "https://elsewhere.example.com/mcp")], "invalid_target"),
        (vec![("resource", "https://bulkhead.example.com/mcp/")], "invalid_target"),
    ] {
        let location = scene.open("/oauth/authorize", &Scene::query(&client, &changes)).await.with_status(303);
        let location = location.header("location");
        assert!(location.starts_with(CALLBACK), "{location}");
        assert_eq!(parameter(location, "error").as_deref(), Some(error), "{changes:?}");
        assert_eq!(parameter(location, "iss").as_deref(), Some(OURS));
        assert_eq!(parameter(location, "state").as_deref(), Some("a state"));
    }
    let two = format!("{}&resource={OURS}/mcp&resource={REST}", Scene::query(&client, &[]));
    let location = scene.open("/oauth/authorize", &two).await.header("location").to_owned();
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_target"));
    let twice = format!("{}&state=b", Scene::query(&client, &[]));
    let location = scene.open("/oauth/authorize", &twice).await.header("location").to_owned();
    assert_eq!(
        (parameter(&location, "error").as_deref(), parameter(&location, "state")),
        (Some("invalid_request"), None)
    );
    for (length, status) in [(4096, 200), (4097, 303)] {
        let query = Scene::query(&client, &[("state", &"x".repeat(length))]);
        assert_eq!(scene.open("/oauth/authorize", &query).await.status, status);
    }
}

#[tokio::test]
async fn a_consent_comes_from_our_page_in_this_session_alone() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let query = Scene::query(&client, &[]);
    let page = scene.open("/oauth/authorize", &query).await;
    let csrf = input(&page, "csrf");
    let fields = |csrf: &str| form(&[("csrf", csrf), ("request", &query), ("decision", "allow")]);
    let send = |origin: &'static str, csrf: &str| {
        let call = scene.harness.call(Method::POST, "/oauth/authorize").header("cookie", &scene.cookie);
        call.header("origin", origin).body(FORM, fields(csrf)).send()
    };
    send("https://evil.example", &csrf).await.refused(403, "cross-site");
    for csrf in ["", "0", &"0".repeat(64)] {
        send(OURS, csrf).await.refused(403, "cross-site");
    }
    assert_eq!(send(OURS, &csrf).await.status, 303);
    // What the page carries is checked once more.
    let forged = form(&[("csrf", &csrf), ("request", "client_id=nobody"), ("decision", "allow")]);
    let call = scene.harness.call(Method::POST, "/oauth/authorize").header("cookie", &scene.cookie);
    assert!(call.header("origin", OURS).body(FORM, forged).send().await.with_status(400).is_page());
}

#[tokio::test]
async fn a_user_of_several_organizations_chooses_one_of_theirs() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let sql = |text: &'static str| scene.harness.api.ports.sql.execute(sql(text).across_tenants("a test"));
    sql("INSERT INTO memberships SELECT o.id, u.id, 'member', 1 FROM organizations o, users u \
         WHERE o.slug = 'ours' AND u.email = 'ada@example.com'")
    .await
    .expect("a membership");
    let query = Scene::query(&client, &[("resource", REST), ("scope", "profile")]);
    let page = scene.open("/oauth/authorize", &query).await;
    assert!(page.text.contains("<select") && page.text.contains("Analytical Engines"), "{}", page.text);
    let (csrf, ours) = (input(&page, "csrf"), scene.harness.ours.caller.organization.to_string());
    let allow = |organization: String| {
        let (scene, csrf, query) = (&scene, &csrf, &query);
        async move {
            let fields =
                [("csrf", csrf.as_str()), ("request", query), ("decision", "allow"), ("organization", &organization)];
            scene.submit("/oauth/authorize", &fields).await
        }
    };
    let location = allow(ours.clone()).await.with_status(303).header("location").to_owned();
    let tokens = scene.redeem(&client, &parameter(&location, "code").expect("a code"), &[]).await.json;
    let listed = scene.harness.call(Method::GET, "/v1/auth/sessions");
    let listed = listed.key(tokens["access_token"].as_str().expect("a token")).send().await;
    assert_eq!(listed.json["items"][0]["organization"], ours);
    assert_eq!(listed.json["items"][0]["client_id"], client);
    for organization in [scene.harness.theirs.caller.organization.to_string(), "nonsense".to_owned()] {
        assert!(allow(organization).await.with_status(403).is_page());
    }
}

#[tokio::test]
async fn what_strangers_call_themselves_is_text_and_nothing_else() {
    let scene = Scene::start().await;
    let metadata = json!({
        "client_name": "<b>Bank</b>\"'&", "redirect_uris": ["https://app.example.com/callback"],
        "token_endpoint_auth_method": "none",
    });
    let client = scene.register(metadata).await.with_status(201).json["client_id"].as_str().expect("an id").to_owned();
    let redirect = [("redirect_uri", "https://app.example.com/callback"), ("state", "\"><b>")];
    let page = scene.open("/oauth/authorize", &Scene::query(&client, &redirect)).await.with_status(200);
    assert!(page.text.contains("&lt;b&gt;Bank&lt;/b&gt;&quot;") && !page.text.contains("<b>"), "{}", page.text);
    assert!(page.text.contains("<strong>app.example.com</strong>"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://app.example.com;"), "{policy}");
}
