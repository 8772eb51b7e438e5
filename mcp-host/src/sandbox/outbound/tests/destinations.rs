//! Where requests go, and where never.

use super::server::{Server, ok};
use super::*;

#[tokio::test]
async fn a_dns_answer_that_changes_does_not_move_the_connection() {
    let (checked, other) = (Server::saying(ok(b"checked")).await, Server::saying(ok(b"other")).await);
    let answers = Answers::of(&[&[&checked.address.to_string()], &[&other.address.to_string()]]);
    // The port of the second is one that a second look-up would be asked for, too: the resolver decides.
    let url = format!("http://service.internal:{}/", checked.address.port());
    let mut caller = Setup::at(&[&url]).resolver(answers.clone()).caller();
    assert_eq!(caller.get(&url).await.expect("it answers").text(), "checked");
    assert_eq!(answers.asked(), ["service.internal"]);
    assert!(other.seen().is_empty());
    // And the next request asks, and is checked, again.
    assert_eq!(caller.get(&url).await.expect("it answers").text(), "other");
}

#[tokio::test]
async fn a_public_name_that_leads_to_this_machine_is_refused() {
    let nobody = Server::echoing().await;
    for addresses in [
        &["127.0.0.1"][..],
        &["[::1]"],
        &["[::ffff:127.0.0.1]"],
        &["[64:ff9b::7f00:1]"],
        &["169.254.169.254"],
        &["93.184.216.34", "127.0.0.1"],
    ] {
        let port = nobody.address.port();
        let addresses: Vec<String> = addresses.iter().map(|address| format!("{address}:{port}")).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let grant = Grant::at_host(&format!("api.example.com:{port}"), &["GET".to_owned()], None).expect("a grant");
        let setup = Setup { grants: vec![grant], ..Setup::at(&[]) };
        let mut caller = setup.resolver(Answers::of(&[&addresses])).caller();
        let error = caller.get(&format!("https://api.example.com:{port}/")).await.expect_err("it is refused");
        assert!(matches!(error, Error::DestinationIpProhibited), "{addresses:?}: {error}");
    }
    assert!(nobody.seen().is_empty());
}

#[tokio::test]
async fn a_name_of_the_operators_that_leads_to_the_metadata_address_is_refused() {
    let answers = Answers::of(&[&["169.254.169.254:80"]]);
    let mut caller = Setup::at(&["http://service.internal/"]).resolver(answers).caller();
    let error = caller.get("http://service.internal/latest/meta-data/").await.expect_err("it is refused");
    assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
    assert!(caller.outbound.take_traffic().denied);
}

#[tokio::test]
async fn tricks_with_addresses_widen_nothing() {
    let server = Server::echoing().await;
    let port = server.address.port();
    let grant = Grant::at_url(&server.url("/"), &["GET".to_owned()], Some(&["/v1/*".to_owned()])).expect("a grant");
    let mut caller = Setup { grants: vec![grant], ..Setup::at(&[]) }.caller();
    caller.get(&server.url("/v1/fine")).await.expect("it is granted");
    assert!(!caller.outbound.take_traffic().denied);
    for url in [
        format!("http://127.0.0.1:{port}@169.254.169.254/v1/x"),
        format!("http://user:password@127.0.0.1:{port}/v1/x"),
        format!("http://@127.0.0.1:{port}/v1/x"),
        format!("http://169.254.169.254#@127.0.0.1:{port}/v1/x"),
        format!("http://localhost:{port}/v1/x"),
        format!("http://127.0.0.2:{port}/v1/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/v1/x"),
        format!("https://127.0.0.1:{port}/v1/x"),
        format!("ftp://127.0.0.1:{port}/v1/x"),
        format!("http://127.0.0.1:{port}/v2/x"),
        format!("http://127.0.0.1:{port}//v1/x"),
        format!("http://127.0.0.1:{port}/v1/../v2"),
        format!("http://127.0.0.1:{port}/v1/%2e%2e/v2"),
        format!("http://127.0.0.1:{port}/v1/.%2e/v2"),
        format!("http://127.0.0.1:{port}/v1/..%2fv2"),
        format!("http://127.0.0.1:{port}/v1/%2e%2e%2fv2"),
        format!("http://127.0.0.1:{port}/v1/..%252fv2"),
        format!("http://127.0.0.1:{port}/v1/%252e%252e%252fv2"),
        format!("http://127.0.0.1:{port}/v1/%25252e%25252e%25252fv2"),
        format!("http://127.0.0.1:{port}/v1/..%5cv2"),
        format!("http://127.0.0.1:{port}/v1/..;/v2"),
        format!("http://127.0.0.1:{port}/v1/..;a=b/v2"),
        format!("http://127.0.0.1:{port}/v1/x%0d%0aHost:%20evil"),
        format!("http://127.0.0.1:{port}/v1/x%00"),
        format!("http://127.0.0.1:{port}/v1/..%c0%afv2"),
        format!("http://127.0.0.1:{port}/v1\\..\\v2"),
        format!("http://127.0.0.1:{port}/v1/\\..\\v2"),
        format!("http://127.0.0.1:{port}/v1%2fx"),
        format!("http://127.0.0.1:{port}/v1"),
    ] {
        // What is no URI can't even be asked for.
        let Ok(uri) = url.parse::<http::Uri>() else { continue };
        let error = caller.get(&uri.to_string()).await.expect_err(&url);
        assert!(matches!(error, Error::HttpRequestDenied | Error::HttpRequestUriInvalid), "{url}: {error}");
    }
    assert_eq!(server.seen().len(), 1);
    let events = format!("{:?}", caller.outbound.take_traffic().events);
    assert!(!events.contains("password") && !events.contains("meta"), "{events}");
}

#[tokio::test]
async fn other_spellings_of_what_is_granted_go_to_the_same_place() {
    let server = Server::echoing().await;
    let port = server.address.port();
    let mut caller = Setup::at(&[&server.url("/")]).caller();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"] {
        let seen = caller.get(&format!("http://{host}:{port}/x")).await.expect(host).text();
        assert!(seen.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{host}: {seen}");
    }
}

#[tokio::test]
async fn a_redirect_is_the_guests_to_follow_and_is_checked_like_any_request() {
    let target = Server::echoing().await;
    let location = target.url("/elsewhere");
    let redirect = |to: &str| Bytes::from(format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"));
    let (to_target, to_metadata) = (redirect(&location), redirect("http://169.254.169.254/latest/meta-data/"));
    let server = Server::start(move |request| {
        let metadata = request.starts_with("GET /metadata");
        vec![server::Step::Write(if metadata { to_metadata.clone() } else { to_target.clone() })]
    })
    .await;
    let mut caller = Setup::at(&[&server.url("/"), &target.url("/")]).bearer(&server.url("/")).caller();

    let redirected = caller.get(&server.url("/")).await.expect("an answer");
    assert_eq!((redirected.status, redirected.headers["location"].to_str().ok()), (302, Some(location.as_str())));
    assert!(server.seen()[0].contains("authorization: Bearer s3cr3t"), "{:?}", server.seen());
    assert!(target.seen().is_empty(), "the host followed it by itself");
    let followed = caller.get(&location).await.expect("an answer").text();
    assert!(!followed.to_lowercase().contains("authorization") && !followed.contains("s3cr3t"), "{followed}");

    let redirected = caller.get(&server.url("/metadata")).await.expect("an answer");
    let location = redirected.headers["location"].to_str().expect("text").to_owned();
    let error = caller.get(&location).await.expect_err("it is refused");
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
}

#[tokio::test]
async fn the_host_header_and_the_guests_credentials_are_not_the_guests_to_set() {
    let server = Server::echoing().await;
    let mut caller = Setup::at(&[&server.url("/")]).caller();
    let request = request(Method::GET, &server.url("/"))
        .header("host", "evil.example")
        .header("authorization", "Bearer evil")
        .header("x-forwarded-for", "127.0.0.1")
        .header("x-http-method-override", "DELETE")
        .header("accept-encoding", "evil")
        .header("x-kept", "kept");
    let seen = caller.send(request).await.expect("an answer").text();
    assert!(!seen.contains("evil") && !seen.contains("127.0.0.1\r\nx-") && !seen.contains("DELETE"), "{seen}");
    assert!(seen.contains("x-kept: kept") && seen.contains(&format!("host: {}\r\n", server.address)), "{seen}");
    assert_eq!(seen.matches("host:").count(), 1);
}

#[tokio::test]
async fn a_body_that_is_framed_twice_is_refused() {
    let server = Server::echoing().await;
    let mut caller = Setup::at(&[&server.url("/")]).caller();
    let smuggled =
        request(Method::POST, &server.url("/")).header("content-length", "4").header("transfer-encoding", "chunked");
    let error = caller.start(smuggled, "0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n").await.expect_err("it is refused");
    assert!(error.to_string().contains("Transfer-Encoding"), "{error}");
    assert!(caller.outbound.take_traffic().denied);
    // More than was announced never becomes a request of its own.
    let longer = request(Method::POST, &server.url("/")).header("content-length", "4");
    let _ = caller.start(longer, "1234GET /admin HTTP/1.1\r\n\r\n").await;
    assert!(!format!("{:?}", server.seen()).contains("/admin"), "{:?}", server.seen());
}
