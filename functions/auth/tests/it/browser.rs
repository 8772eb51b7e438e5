//! A browser: its pages, its cookie, and what keeps other sites from using it.

use bulkhead_function_auth::{describe, router};
use bulkhead_http_api::Audience;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::json;

const PASSWORD: &str = "a horse, a battery, a staple";
const OURS: &str = "https://bulkhead.example.com";
const FORM: &str = "application/x-www-form-urlencoded";

async fn harness() -> Harness {
    let harness = Harness::start(router, describe()).await;
    let body = json!({
        "email": "ada@example.com", "password": PASSWORD, "name": "Ada",
        "organization": { "slug": "engines", "name": "Analytical Engines" },
    });
    assert_eq!(harness.call(Method::POST, "/v1/auth/sign-up").json(&body).send().await.status, 200);
    harness
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn submit(harness: &Harness, password: &str, next: &str) -> Answer {
    let fields = [("email", "ada@example.com"), ("password", password), ("organization", ""), ("next", next)];
    harness.call(Method::POST, "/sign-in").header("origin", OURS).body(FORM, form(&fields)).send().await
}

/// What a browser keeps: the `Cookie` header, and the value of the cookie that a script can read.
async fn signed_in(harness: &Harness) -> (String, String) {
    let answer = submit(harness, PASSWORD, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().expect("text")).collect();
    let pairs: Vec<_> = cookies.iter().map(|cookie| cookie.split(';').next().expect("a pair")).collect();
    let csrf = pairs[1].strip_prefix("__Host-csrf=").expect("the second cookie");
    (pairs.join("; "), csrf.to_owned())
}

async fn sessions(harness: &Harness, cookie: &str) -> Answer {
    harness.call(Method::GET, "/v1/auth/sessions").header("cookie", cookie).send().await
}

#[tokio::test]
async fn a_browser_signs_in_and_its_cookie_is_a_credential() {
    let harness = harness().await;
    let page = harness.call(Method::GET, "/sign-in?next=%2Foauth%2Fauthorize%3Fa%3D%22b").send().await;
    assert!(page.is_page() && page.text.contains("value=\"/oauth/authorize?a=&quot;b\""), "{}", page.text);
    let answer = submit(&harness, PASSWORD, "/oauth/authorize?a=b&c=d").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("content=\"0; url=/oauth/authorize?a=b&amp;c=d\""), "{}", answer.text);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().expect("text")).collect();
    let ends =
        ["; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax", "; Path=/; Max-Age=43200; Secure; SameSite=Strict"];
    for ((cookie, start), end) in cookies.iter().zip(["__Host-session=bhb_", "__Host-csrf="]).zip(ends) {
        assert!(cookie.starts_with(start) && cookie.ends_with(end), "{cookie}");
    }
    let (cookie, _) = signed_in(&harness).await;
    let listed = sessions(&harness, &cookie).await;
    assert_eq!(listed.status, 200);
    assert_eq!(listed.json["items"].as_array().map(Vec::len), Some(3));
    // Whoever is signed in goes on, to a page of ours alone.
    let on = |next: &str| harness.call(Method::GET, &format!("/sign-in?next={next}")).header("cookie", &cookie).send();
    let redirect = on("/device").await;
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (303, "/device"));
    for next in ["//evil.example", "https://evil.example", "%2F%5Cevil.example", "%2F%09%2Fevil.example"] {
        let answer = harness.call(Method::GET, &format!("/sign-in?next={next}")).header("cookie", &cookie).send().await;
        assert!(answer.header("location").is_empty() && !answer.text.contains("evil"), "{next}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_wrong_password_shows_the_page_again_without_it() {
    let harness = harness().await;
    let answer = submit(&harness, "<a wrong password>", "/device").await;
    assert_eq!(answer.status, 401);
    assert!(answer.is_page() && answer.text.contains("role=\"alert\"") && answer.text.contains("value=\"/device\""));
    assert!(!answer.text.contains("a wrong password") && answer.headers.get("set-cookie").is_none());
    let fields = [("email", "\"><b>"), ("password", "x"), ("organization", "")];
    let request = harness.call(Method::POST, "/sign-in").header("sec-fetch-site", "same-origin");
    let answer = request.body(FORM, form(&fields)).send().await;
    assert_eq!(answer.status, 401);
    assert!(!answer.text.contains("<b>"), "{}", answer.text);
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("organization", "ours")];
    let request = harness.call(Method::POST, "/sign-in").header("origin", OURS);
    assert_eq!(request.body(FORM, form(&fields)).send().await.status, 403);
}

#[tokio::test]
async fn another_site_signs_nobody_in() {
    let harness = harness().await;
    let fields = form(&[("email", "ada@example.com"), ("password", PASSWORD)]);
    for headers in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://bulkhead.example.com.evil.example")],
        &[("origin", OURS), ("origin", OURS)],
        &[("sec-fetch-site", "cross-site"), ("origin", OURS)],
        &[("sec-fetch-site", "same-site"), ("origin", OURS)],
        &[("sec-fetch-site", "none"), ("origin", OURS)],
    ] {
        let call = harness.call(Method::POST, "/sign-in").body(FORM, fields.clone());
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        call.send().await.refused(403, "cross-site");
    }
    let call = harness.call(Method::POST, "/sign-in").header("origin", OURS);
    call.body("text/plain", fields).send().await.refused(415, "unsupported-media-type");
}

#[tokio::test]
async fn a_cookie_changes_something_with_both_proofs_alone() {
    let harness = harness().await;
    let (cookie, csrf) = signed_in(&harness).await;
    let (_, others) = signed_in(&harness).await;
    let listed = sessions(&harness, &cookie).await;
    let path = format!("/v1/auth/sessions/{}", listed.json["items"][2]["id"].as_str().expect("an id"));
    let delete = || harness.call(Method::DELETE, &path).header("cookie", &cookie);
    delete().send().await.refused(403, "cross-site");
    delete().header("origin", OURS).send().await.refused(403, "cross-site");
    delete().header("x-csrf-token", &csrf).send().await.refused(403, "cross-site");
    delete().header("origin", OURS).header("x-csrf-token", &others).send().await.refused(403, "cross-site");
    let cross = delete().header("sec-fetch-site", "cross-site").header("x-csrf-token", &csrf);
    cross.send().await.refused(403, "cross-site");
    assert_eq!(delete().header("origin", OURS).header("x-csrf-token", &csrf).send().await.status, 204);
}

#[tokio::test]
async fn a_cookie_that_is_none_or_has_ended_is_no_credential() {
    let mut harness = harness().await;
    let (cookie, _) = signed_in(&harness).await;
    let token = cookie.split(['=', ';']).nth(1).expect("a value").to_owned();
    sessions(&harness, "__Host-session=bhb_0").await.refused(401, "unauthenticated");
    sessions(&harness, &format!("session={token}")).await.refused(401, "unauthenticated");
    sessions(&harness, &format!("{cookie}; {cookie}")).await.refused(401, "unauthenticated");
    // It is no bearer token, and the other way around; and an Authorization header is not overruled by a cookie.
    let bearer = harness.call(Method::GET, "/v1/auth/sessions").key(&token).header("cookie", &cookie);
    bearer.send().await.refused(401, "unauthenticated");
    sessions(&harness, &format!("__Host-session={}", harness.ours.key)).await.refused(401, "unauthenticated");
    // The MCP endpoint takes no cookie.
    harness.api.audience = Audience::Mcp;
    sessions(&harness, &cookie).await.refused(401, "unauthenticated");
    harness.api.audience = Audience::Rest;
    assert_eq!(sessions(&harness, &cookie).await.status, 200);
    for change in [
        "UPDATE users SET deleted_at = 1 WHERE email = 'ada@example.com'",
        "UPDATE users SET deleted_at = NULL",
        "UPDATE sessions SET expires_at = 1",
    ] {
        harness.api.ports.sql.execute(sql(change).across_tenants("a test")).await.expect("changes");
        let expected = if change.ends_with("NULL") { 200 } else { 401 };
        assert_eq!(sessions(&harness, &cookie).await.status, expected, "{change}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_a_button() {
    let harness = harness().await;
    let (cookie, csrf) = signed_in(&harness).await;
    let page = harness.call(Method::GET, "/sign-out").header("cookie", &cookie).send().await;
    assert!(page.text.contains(&csrf));
    let sign_out = |csrf: &str| {
        let call = harness.call(Method::POST, "/sign-out").header("cookie", &cookie).header("origin", OURS);
        call.body(FORM, form(&[("csrf", csrf)])).send()
    };
    sign_out("").await.refused(403, "cross-site");
    assert_eq!(sessions(&harness, &cookie).await.status, 200);
    let answer = sign_out(&csrf).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sign-in"));
    assert_eq!(
        answer.headers.get_all("set-cookie").iter().filter(|c| c.to_str().expect("text").contains("=; ")).count(),
        2
    );
    assert_eq!(sessions(&harness, &cookie).await.status, 401);
    // Nobody is signed in: the page leads to the other, and the button does no harm.
    assert_eq!(
        harness.call(Method::GET, "/sign-out").header("cookie", &cookie).send().await.header("location"),
        "/sign-in"
    );
    assert_eq!(sign_out(&csrf).await.status, 303);
}
