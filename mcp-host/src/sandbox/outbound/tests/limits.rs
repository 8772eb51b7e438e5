//! Every limit on both of its sides.

use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};

use super::server::{Server, Step, ok, with_headers};
use super::*;
use crate::sandbox::outbound::decode::ACCEPT_ENCODING;

const SHORT: Duration = Duration::from_millis(150);

/// The request fails by this limit, whose amount is told.
async fn assert_exceeds(caller: &mut Caller, url: &str, name: LimitName, amount: u64) {
    let failed = caller.get(url).await.map(|whole| whole.text());
    assert!(failed.is_err(), "{name:?}: {failed:?}");
    let exceeded = caller.outbound.take_traffic().exceeded.expect("a limit");
    assert_eq!((exceeded.name, exceeded.limit), (name, amount));
}

#[tokio::test]
async fn requests_are_counted() {
    let server = Server::echoing().await;
    let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.outbound_requests = 2).caller();
    for _ in 0..2 {
        caller.get(&server.url("/")).await.expect("it is within the limit");
    }
    let (_, limit) = caller.failure(&server.url("/")).await;
    assert_eq!(limit, Some(LimitName::OutboundRequests));
}

#[tokio::test]
async fn requests_at_once_are_counted_until_their_answer_is_read() {
    let server = Server::saying(ok(b"fine")).await;
    let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.requests_in_flight = 2).caller();
    let get = || request(Method::GET, &server.url("/"));
    let first = caller.start(get(), "").await.expect("a place").into_body();
    let second = caller.start(get(), "").await.expect("a place").into_body();
    assert_exceeds(&mut caller, &server.url("/"), LimitName::RequestsInFlight, 2).await;
    read(first).await.1.expect("it ends");
    let third = caller.start(get(), "").await.expect("a place").into_body();
    assert_exceeds(&mut caller, &server.url("/"), LimitName::RequestsInFlight, 2).await;
    drop((second, third));
    caller.get(&server.url("/")).await.expect("a place");
    // A request that fails gives its place back as well.
    for _ in 0..3 {
        assert!(matches!(caller.get("http://127.0.0.1:1/").await, Err(Error::HttpRequestDenied)));
    }
    caller.get(&server.url("/")).await.expect("a place");
}

#[tokio::test]
async fn bytes_are_counted_in_both_directions() {
    let server = Server::saying(ok(&[b'x'; 1000])).await;
    let url = server.url("/");
    let receiving = |bytes| Setup::at(&[&url]).limits(|limits| limits.received_bytes = bytes).caller();
    // A header's name, its value, and four.
    let head =
        |headers: &[(&str, &str)]| headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    let whole = head(&[("content-length", "1000")]) as u64 + 1000;
    let mut caller = receiving(whole);
    assert_eq!(caller.get(&url).await.expect("it is within the limit").body.len(), 1000);
    assert_eq!(caller.outbound.take_traffic().received, whole);
    assert_exceeds(&mut receiving(whole - 1), &url, LimitName::ReceivedBytes, whole - 1).await;

    let sending = |bytes| Setup::at(&[&url]).limits(|limits| limits.sent_bytes = bytes).caller();
    let post = || request(Method::POST, &url).header("content-length", "1000");
    let body = "x".repeat(1000);
    let host = server.address.to_string();
    let headers = [("content-length", "1000"), ("host", host.as_str()), ("accept-encoding", ACCEPT_ENCODING)];
    let whole = ("POST".len() + "/".len() + head(&headers)) as u64 + 1000;
    let mut caller = sending(whole);
    caller.start(post(), &body).await.expect("it is within the limit");
    assert_eq!(caller.outbound.take_traffic().sent, whole);
    let mut caller = sending(whole - 1);
    let refused = caller.start(post(), &body).await;
    assert!(matches!(refused, Err(Error::HttpRequestBodySize(Some(limit))) if limit == whole - 1));
    assert_eq!(caller.outbound.take_traffic().exceeded.map(|exceeded| exceeded.name), Some(LimitName::SentBytes));
}

#[tokio::test]
async fn heads_are_counted_also_where_there_is_no_body() {
    let lines = format!("x-long: {}\r\n", "v".repeat(1000));
    let server = Server::saying(with_headers(&lines, b"")).await;
    let url = server.url("/");
    // "content-length" and "0", "x-long" and its value.
    let whole = (14 + 1 + 4 + 6 + 1000 + 4) as u64;
    let receiving = |bytes| Setup::at(&[&url]).limits(|limits| limits.received_bytes = bytes).caller();
    receiving(whole).get(&url).await.expect("it is within the limit");
    assert_exceeds(&mut receiving(whole - 1), &url, LimitName::ReceivedBytes, whole - 1).await;

    // A path, or a header, is a way out for data as a body is. What is too much does not leave.
    let before = server.seen().len();
    let sending = |bytes| Setup::at(&[&url]).limits(|limits| limits.sent_bytes = bytes).caller();
    let long = format!("{url}{}", "p".repeat(1000));
    sending(2000).get(&long).await.expect("it is within the limit");
    assert_exceeds(&mut sending(1000), &long, LimitName::SentBytes, 1000).await;
    let header = || request(Method::GET, &url).header("x-data", "v".repeat(1000));
    sending(2000).send(header()).await.expect("it is within the limit");
    assert!(sending(1000).send(header()).await.is_err());
    assert_eq!(server.seen().len(), before + 2);

    // A credential that the host adds is not counted.
    let measured = |setup: Setup| {
        let (mut caller, url) = (setup.caller(), url.clone());
        async move {
            caller.get(&url).await.expect("it answers");
            caller.outbound.take_traffic().sent
        }
    };
    assert_eq!(measured(Setup::at(&[&url])).await, measured(Setup::at(&[&url]).bearer(&url)).await);
}

#[tokio::test]
async fn the_bytes_of_all_headers_together_are_limited() {
    let with = |bytes: usize| {
        let lines: String = (0..10).map(|n| format!("x-{n}: {}\r\n", "v".repeat(bytes / 10 - 7))).collect();
        Server::saying(with_headers(&lines, b"fine"))
    };
    let limited =
        |server: &Server| Setup::at(&[&server.url("/")]).limits(|limits| limits.response_header_bytes = 2048).caller();
    let (below, above) = (with(1900).await, with(2060).await);
    limited(&below).get(&below.url("/")).await.expect("it is within the limit");
    assert_exceeds(&mut limited(&above), &above.url("/"), LimitName::ResponseHeaderBytes, 2048).await;
}

#[tokio::test]
async fn a_flood_of_headers_ends() {
    let start = Bytes::from_static(b"HTTP/1.1 200 OK\r\n");
    for flood in ["x-flood: 1234567890\r\n".repeat(50), "x".repeat(1000), "x-flood: 1\r\n".to_owned()] {
        let (start, flood) = (start.clone(), Bytes::from(flood));
        let server = Server::start(move |_| vec![Step::Write(start.clone()), Step::Forever(flood.clone())]).await;
        let mut caller = Setup::at(&[&server.url("/")]).caller();
        assert_exceeds(&mut caller, &server.url("/"), LimitName::ResponseHeaderBytes, 64 << 10).await;
    }
}

#[tokio::test]
async fn a_flood_of_interim_answers_ends() {
    let interim = Bytes::from_static(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    let server = Server::start(move |_| vec![Step::Forever(interim.clone())]).await;
    let mut caller = Setup::at(&[&server.url("/")]).caller();
    assert_exceeds(&mut caller, &server.url("/"), LimitName::ReceivedBytes, 16 << 20).await;
}

#[tokio::test]
async fn a_body_in_the_smallest_of_chunks_ends() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let with = |chunk: &str, times: usize| Server::saying(format!("{head}{}0\r\n\r\n", chunk.repeat(times)));
    let limited = |server: &Server| {
        let limit = |limits: &mut Limits| (limits.received_bytes, limits.response_header_bytes) = (10_000, 1_000);
        Setup::at(&[&server.url("/")]).limits(limit).caller()
    };
    let (few, many) = (with("1\r\nx\r\n", 3_000).await, with("1\r\nx\r\n", 4_000).await);
    assert_eq!(limited(&few).get(&few.url("/")).await.expect("it is within the limit").body.len(), 3_000);
    assert_exceeds(&mut limited(&many), &many.url("/"), LimitName::ReceivedBytes, 10_000).await;
}

#[tokio::test]
async fn a_flood_of_trailers_ends() {
    let start = Bytes::from_static(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n");
    let flood = Bytes::from("x-flood: 1234567890\r\n".repeat(50));
    let server = Server::start(move |_| vec![Step::Write(start.clone()), Step::Forever(flood.clone())]).await;
    let failed = Setup::at(&[&server.url("/")]).caller().get(&server.url("/")).await;
    assert!(failed.is_err(), "{failed:?}");
}

#[tokio::test]
async fn a_name_that_nobody_resolves_ends_by_the_time_to_connect() {
    let setup = Setup::at(&["http://service.internal/"]).resolver(Answers::of(&[]));
    let mut caller = setup.limits(|limits| limits.connect_timeout = SHORT).caller();
    assert_exceeds(&mut caller, "http://service.internal/", LimitName::ConnectMs, 150).await;
}

/// A resolver that says when it is asked, and answers when it may.
struct Gate {
    asked: Semaphore,
    open: Semaphore,
    address: SocketAddr,
}

#[async_trait]
impl Resolve for Gate {
    async fn resolve(&self, _name: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        self.asked.add_permits(1);
        self.open.acquire().await.map_err(io::Error::other)?.forget();
        Ok(vec![self.address])
    }
}

#[tokio::test]
async fn as_many_names_are_looked_up_at_once_as_may_be_and_a_look_up_that_nobody_waits_for_is_one() {
    let server = Server::saying(ok(b"fine")).await;
    let gate = Arc::new(Gate { asked: Semaphore::new(0), open: Semaphore::new(0), address: server.address });
    let bounded = Arc::new(BoundedResolver::new(gate.clone(), 2));
    let asked = async |times: u32| gate.asked.acquire_many(times).await.expect("it is open").forget();
    let look_up = || {
        let bounded = bounded.clone();
        tokio::spawn(async move { bounded.resolve("service.internal", 80).await })
    };
    let two = [look_up(), look_up()];
    asked(2).await;

    let url = format!("http://service.internal:{}/", server.address.port());
    let caller = |time| {
        let setup = Setup::at(&[&url]).resolver(bounded.clone());
        setup.limits(|limits| limits.connect_timeout = time).caller()
    };
    assert_exceeds(&mut caller(SHORT), &url, LimitName::ConnectMs, 150).await;
    for waiting in two {
        waiting.abort();
        assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    }
    assert_exceeds(&mut caller(SHORT), &url, LimitName::ConnectMs, 150).await;
    assert_eq!(gate.asked.available_permits(), 0, "a third name is looked up");

    // These two end, and the next one can be looked up.
    gate.open.add_permits(3);
    assert_eq!(caller(Duration::from_secs(10)).get(&url).await.expect("it answers").text(), "fine");
    asked(1).await;
}

#[tokio::test]
async fn a_server_that_does_not_accept_ends_by_the_time_to_connect() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port is free");
    let listener = socket.listen(1).expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    // Nobody accepts, so its queue fills up and the next one waits.
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        waiting.push(stream.expect("the queue takes it"));
        assert!(waiting.len() < 100, "the queue has no end");
    }
    let url = format!("http://{address}/");
    let mut caller = Setup::at(&[&url]).limits(|limits| limits.connect_timeout = SHORT).caller();
    assert_exceeds(&mut caller, &url, LimitName::ConnectMs, 150).await;
}

#[tokio::test]
async fn a_server_that_never_says_hello_ends_by_the_time_to_connect() {
    // It speaks no TLS, and waits for the end of a request's head.
    let server = Server::echoing().await;
    let url = format!("https://{}/", server.address);
    let mut caller = Setup::at(&[&url]).limits(|limits| limits.connect_timeout = SHORT).caller();
    assert_exceeds(&mut caller, &url, LimitName::ConnectMs, 150).await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_by_the_time_to_the_first_byte() {
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let server = Server::start(move |_| vec![Step::Write(said.into()), Step::Stall]).await;
        let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.first_byte_timeout = SHORT).caller();
        assert_exceeds(&mut caller, &server.url("/"), LimitName::FirstByteMs, 150).await;
    }
}

#[tokio::test]
async fn a_body_that_stops_ends_by_the_time_between_bytes() {
    for said in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "content-encoding: gzip\r\n\r\n\x1f",
    ] {
        let said = Bytes::from(format!("HTTP/1.1 200 OK\r\n{said}"));
        let server = Server::start(move |_| vec![Step::Write(said.clone()), Step::Stall]).await;
        let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.between_bytes_timeout = SHORT).caller();
        assert_exceeds(&mut caller, &server.url("/"), LimitName::BetweenBytesMs, 150).await;
    }
}

#[tokio::test]
async fn what_the_tool_wants_to_wait_at_most_is_no_limit_of_the_call() {
    let server = Server::start(|_| vec![Step::Stall]).await;
    let mut caller = Setup::at(&[&server.url("/")]).caller();
    let options = RequestOptions { first_byte_timeout: Some(SHORT), ..RequestOptions::default() };
    let error = caller.start_with(request(Method::GET, &server.url("/")), "", options).await.expect_err("too slow");
    assert!(matches!(error, Error::HttpResponseTimeout), "{error}");
    assert_eq!(caller.outbound.take_traffic().exceeded, None);
    // And it can't be longer than the limit.
    let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.first_byte_timeout = SHORT).caller();
    let options = RequestOptions { first_byte_timeout: Some(Duration::from_secs(600)), ..RequestOptions::default() };
    assert!(caller.start_with(request(Method::GET, &server.url("/")), "", options).await.is_err());
    assert_eq!(caller.outbound.take_traffic().exceeded.map(|exceeded| exceeded.name), Some(LimitName::FirstByteMs));
}
