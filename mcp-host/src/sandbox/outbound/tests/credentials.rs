//! Credentials go to their audience, and never come back.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures::FutureExt as _;

use super::server::{Server, chunked, ok, with_headers};
use super::*;

fn json(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()
}

/// What an upstream may make of what it was sent.
fn echoes() -> Vec<(&'static str, String)> {
    let percent = |byte: &u8| format!("%{byte:02x}");
    vec![
        ("as it is", SECRET.to_owned()),
        ("base64", STANDARD.encode(SECRET)),
        ("base64 with the scheme", STANDARD.encode(format!("Bearer {SECRET}"))),
        ("base64 of a pair", URL_SAFE_NO_PAD.encode(format!("me:{SECRET}"))),
        ("hex", hex::encode(SECRET)),
        ("percent", SECRET.as_bytes().iter().map(percent).collect()),
        ("form", url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect()),
        ("JSON", serde_json::to_string(SECRET).expect("JSON")),
        ("JSON, all of it", json(SECRET)),
        ("JSON in JSON", serde_json::to_string(&serde_json::to_string(SECRET).expect("JSON")).expect("JSON")),
    ]
}

/// The request fails, the call is over, and nothing that can be seen from now on has the secret in it.
async fn assert_withheld(caller: &mut Caller, url: &str, what: &str) {
    let (got, error) = match caller.start(request(Method::GET, url), "").await {
        Err(error) => (Vec::new(), error),
        Ok(response) => {
            let (parts, body) = response.into_parts();
            assert!(!format!("{parts:?}").contains("s3cr3t"), "{what}: {parts:?}");
            let (got, end) = read(body).await;
            (got, end.expect_err(what))
        }
    };
    assert!(!String::from_utf8_lossy(&got).contains("s3cr"), "{what}: {}", String::from_utf8_lossy(&got));
    assert!(error.to_string().contains("token0") && error.to_string().contains("withheld"), "{what}: {error}");
    let again = caller.get(url).await.map(|whole| whole.text()).expect_err("the call is over");
    assert!(again.to_string().contains("withheld"), "{what}: {again}");
    let traffic = caller.outbound.take_traffic();
    assert_eq!(traffic.echoed.as_deref(), Some("token0"), "{what}");
    assert_eq!(traffic.events.iter().filter(|event| event.kind == "credential_echoed").count(), 1, "{what}");
    let told = format!("{traffic:?} {error:?} {again:?}");
    for (_, echo) in echoes() {
        assert!(!told.contains(&echo), "{what}: {told}");
    }
}

#[tokio::test]
async fn no_echo_in_a_body_reaches_the_guest_however_it_is_cut() {
    for (what, echo) in echoes() {
        let body = format!("{{\"you sent\": \"{echo}\"}}");
        for piece in [1, 2, 3, 7, 4096] {
            let server = Server::saying(chunked(body.as_bytes().chunks(piece), "")).await;
            let mut caller = Setup::at(&[&server.url("/")]).bearer(&server.url("/")).caller();
            assert_withheld(&mut caller, &server.url("/"), what).await;
        }
    }
}

#[tokio::test]
async fn no_echo_in_a_head_or_after_the_body_reaches_the_guest() {
    for (what, echo) in echoes().into_iter().filter(|(_, echo)| !echo.contains(['\r', '\n'])) {
        for response in [
            with_headers(&format!("x-you-sent: {echo}\r\n"), b"fine"),
            with_headers(&format!("location: https://elsewhere.example/?token={echo}\r\n"), b"fine"),
            with_headers(&format!("set-fine: 1\r\nx-part: {}\r\nx-part: {}\r\n", &echo[..9], &echo[9..]), b"fine"),
            Bytes::from(format!("HTTP/1.1 200 {echo}\r\ncontent-length: 4\r\n\r\nfine")),
            chunked([&b"fine"[..]], &format!("x-you-sent: {echo}\r\n")),
        ] {
            let server = Server::saying(response).await;
            let mut caller = Setup::at(&[&server.url("/")]).bearer(&server.url("/")).caller();
            assert_withheld(&mut caller, &server.url("/"), what).await;
        }
    }
}

#[tokio::test]
async fn an_echo_as_a_headers_name_does_not_reach_the_guest() {
    let server = Server::saying(with_headers("X-7075626c6963-Name-Token: 1\r\n", b"fine")).await;
    let mut setup = Setup::at(&[&server.url("/")]).bearer(&server.url("/"));
    setup.values[0].value = Secret::new("7075626C6963-Name-Token".to_owned());
    let error = setup.caller().get(&server.url("/")).await.map(|whole| whole.text()).expect_err("it is withheld");
    assert!(error.to_string().contains("withheld"), "{error}");
}

#[tokio::test]
async fn what_an_audience_refuses_is_noted_and_what_others_refuse_is_not() {
    let refusal = Bytes::from_static(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    let (audience, other) = (Server::saying(refusal.clone()).await, Server::saying(refusal).await);
    let mut caller = Setup::at(&[&audience.url("/"), &other.url("/")]).bearer(&audience.url("/")).caller();
    assert_eq!(caller.get(&other.url("/")).await.expect("an answer").status, 401);
    assert!(caller.outbound.take_traffic().refused.is_empty());
    assert_eq!(caller.get(&audience.url("/")).await.expect("an answer").status, 401);
    assert_eq!(caller.outbound.take_traffic().refused.into_iter().collect::<Vec<_>>(), ["token0"]);

    let forbidden = Bytes::from_static(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    let server = Server::saying(forbidden).await;
    let mut caller = Setup::at(&[&server.url("/")]).bearer(&server.url("/")).caller();
    caller.get(&server.url("/")).await.expect("an answer");
    assert!(caller.outbound.take_traffic().refused.is_empty());
}

#[tokio::test]
async fn an_echo_of_another_host_does_not_reach_the_guest_either() {
    let (server, log) = (Server::saying(ok(b"fine")).await, Server::saying(ok(SECRET.as_bytes())).await);
    let mut caller = Setup::at(&[&server.url("/"), &log.url("/")]).bearer(&server.url("/")).caller();
    assert_eq!(caller.get(&server.url("/")).await.expect("an answer").text(), "fine");
    assert_withheld(&mut caller, &log.url("/"), "a log").await;
}

#[tokio::test]
async fn what_is_no_echo_passes_unchanged() {
    let body = format!("{}{}\u{0}%zz\\u00 &amp; \r\n{}", &SECRET[..20], "x".repeat(100_000), &SECRET[1..]);
    let server = Server::saying(chunked(body.as_bytes().chunks(997), "x-trailer: fine\r\n")).await;
    let mut caller = Setup::at(&[&server.url("/")]).bearer(&server.url("/")).caller();
    let whole = caller.get(&server.url("/")).await.expect("an answer");
    assert_eq!(whole.body, body.as_bytes());
    assert_eq!(whole.trailers.expect("trailers")["x-trailer"], "fine");
    assert_eq!(caller.outbound.take_traffic().echoed, None);
}

#[tokio::test]
async fn without_a_credential_nothing_is_held_back() {
    let server = Server::start(|_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
        vec![server::Step::Write(format!("{head}first").into()), server::Step::Stall]
    })
    .await;
    let mut caller = Setup::at(&[&server.url("/")]).caller();
    let mut body = caller.start(request(Method::GET, &server.url("/")), "").await.expect("an answer").into_body();
    let first = body.frame().await.expect("a frame").expect("no error").into_data().expect("data");
    assert_eq!(first, "first");
    assert!(body.frame().now_or_never().is_none());
}

#[tokio::test]
async fn a_header_gets_the_prefix_and_the_value_once() {
    let server = Server::saying(ok(b"fine")).await;
    let name = http::HeaderName::from_static("x-service-token");
    let injection = Injection::Header { name, prefix: "Token ".to_owned() };
    let mut caller = Setup::at(&[&server.url("/")]).credential(&server.url("/"), injection).caller();
    let own =
        request(Method::GET, &server.url("/")).header("X-Service-Token", "evil").header("x_service_token", "evil");
    caller.send(own.header("range", "bytes=0-3").header("if-range", "\"a\"")).await.expect("an answer");
    let seen = &server.seen()[0];
    assert!(seen.contains(&format!("x-service-token: Token {SECRET}\r\n")), "{seen}");
    assert!(!seen.contains("evil") && !seen.contains("range"), "{seen}");
}

#[tokio::test]
async fn a_part_of_an_answer_may_be_asked_for_where_no_credential_goes() {
    let server = Server::echoing().await;
    let mut caller = Setup::at(&[&server.url("/")]).bearer("https://api.example.com/").caller();
    let seen = caller.send(request(Method::GET, &server.url("/")).header("range", "bytes=0-3")).await;
    assert!(seen.expect("an answer").text().contains("range: bytes=0-3"));
}

#[tokio::test]
async fn basic_authentication_gets_user_and_value() {
    let server = Server::saying(ok(b"fine")).await;
    let injection = Injection::Basic { username: "me@example.com".to_owned() };
    let mut caller = Setup::at(&[&server.url("/")]).credential(&server.url("/"), injection).caller();
    caller.get(&server.url("/")).await.expect("an answer");
    let expected = STANDARD.encode(format!("me@example.com:{SECRET}"));
    assert!(server.seen()[0].contains(&format!("authorization: Basic {expected}\r\n")), "{:?}", server.seen());
}

#[tokio::test]
async fn an_echo_of_basic_authentication_is_found() {
    let server = Server::echoing().await;
    let injection = Injection::Basic { username: "me".to_owned() };
    let mut caller = Setup::at(&[&server.url("/")]).credential(&server.url("/"), injection).caller();
    assert_withheld(&mut caller, &server.url("/"), "basic").await;
}

#[tokio::test]
async fn a_parameter_of_the_query_gets_the_value_and_the_guests_own_is_left_out() {
    let server = Server::saying(ok(b"fine")).await;
    let injection = Injection::Query { name: "api_key".to_owned() };
    let mut caller = Setup::at(&[&server.url("/")]).credential(&server.url("/"), injection).caller();
    caller.get(&server.url("/p?a=1%20&api_key=evil&api%5Fkey=evil&b=%2F")).await.expect("an answer");
    caller.get(&server.url("/p")).await.expect("an answer");
    let value: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let seen = server.seen();
    assert!(seen[0].starts_with(&format!("GET /p?a=1%20&b=%2F&api_key={value} HTTP/1.1\r\n")), "{}", seen[0]);
    assert!(seen[1].starts_with(&format!("GET /p?api_key={value} HTTP/1.1\r\n")), "{}", seen[1]);
    let events = format!("{:?}", caller.outbound.take_traffic().events);
    assert!(!events.contains("s3cr3t"), "{events}");
}

#[tokio::test]
async fn only_the_audience_itself_gets_the_credential() {
    let (server, other) = (Server::saying(ok(b"fine")).await, Server::saying(ok(b"fine")).await);
    let (port, other_port) = (server.address.port(), other.address.port());
    for (audience, gets_it) in [
        (format!("http://127.0.0.1:{port}/"), true),
        (format!("http://127.0.0.1:{port}/some/path"), true),
        (format!("http://127.0.0.1:{other_port}/"), false),
        (format!("https://127.0.0.1:{port}/"), false),
        (format!("http://127.0.0.2:{port}/"), false),
        (format!("http://localhost:{port}/"), false),
    ] {
        let mut caller = Setup::at(&[&server.url("/")]).bearer(&audience).caller();
        caller.get(&server.url("/")).await.expect("an answer");
        let seen = server.seen().pop().expect("a request");
        assert_eq!(seen.contains("s3cr3t"), gets_it, "{audience}: {seen}");
    }
}

#[test]
fn a_credential_that_can_not_be_used_is_refused_before_anything_happens() {
    let setup = Setup::at(&[]).bearer("https://api.example.com/");
    let refused = |values: &[BoundCredential]| Credentials::new(&setup.bindings, values).expect_err("refused");
    let with =
        |value: &str| refused(&[BoundCredential { name: "token0".to_owned(), value: Secret::new(value.to_owned()) }]);
    let missing = refused(&[]);
    assert!(
        matches!(missing, UnusableCredential::Missing { .. }) && missing.to_string().contains("A token."),
        "{missing}"
    );
    assert!(matches!(with("1234567"), UnusableCredential::TooShort { .. }));
    let error = with("line\nbreak and more");
    assert!(matches!(error, UnusableCredential::Unsendable { .. }) && !error.to_string().contains("break"), "{error}");
    let mut optional = setup.bindings.clone();
    optional[0].required = false;
    assert!(Credentials::new(&optional, &[]).expect("it is not required").patterns().is_none());
    let exactly = BoundCredential { name: "token0".to_owned(), value: Secret::new("12345678".to_owned()) };
    assert!(Credentials::new(&setup.bindings, &[exactly]).is_ok());
}

#[tokio::test]
async fn sessions_stay_outside() {
    let server = Server::saying(with_headers("set-cookie: session=1\r\nx-kept: 1\r\n", b"fine")).await;
    let whole = Setup::at(&[&server.url("/")]).caller().get(&server.url("/")).await.expect("an answer");
    assert!(!whole.headers.contains_key("set-cookie") && whole.headers.contains_key("x-kept"), "{:?}", whole.headers);
}
