//! Answers that are compressed.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::AsyncWriteExt as _;

use super::server::{Server, chunked, with_headers};
use super::*;

const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

async fn encode(coding: &str, text: &[u8]) -> Vec<u8> {
    macro_rules! with {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(text).await.expect("it is encoded");
            encoder.shutdown().await.expect("it is encoded");
            encoder.into_inner()
        }};
    }
    match coding {
        "gzip" | "x-gzip" | "GZip" => with!(GzipEncoder),
        "br" => with!(BrotliEncoder),
        "zstd" => with!(ZstdEncoder),
        _ => with!(ZlibEncoder),
    }
}

/// Text that compresses as an API's JSON does.
fn plausible() -> Vec<u8> {
    (0..4000)
        .flat_map(|n: u32| format!("{{\"id\":{},\"n\":{n}}}", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

#[tokio::test]
async fn what_is_compressed_is_decompressed_and_says_nothing_of_it() {
    let text = plausible();
    for coding in CODINGS.into_iter().chain(["x-gzip", "GZip"]) {
        let head = format!("content-encoding: {coding}\r\n");
        let server = Server::saying(with_headers(&head, &encode(coding, &text).await)).await;
        let mut caller = Setup::at(&[&server.url("/")]).caller();
        let whole = caller.get(&server.url("/")).await.expect(coding);
        assert!(whole.body == text, "{coding}");
        assert!(!whole.headers.contains_key("content-encoding") && !whole.headers.contains_key("content-length"));
        assert!(server.seen()[0].contains("accept-encoding: gzip, br, zstd, deflate\r\n"), "{:?}", server.seen());
        let traffic = caller.outbound.take_traffic();
        assert!(traffic.received < text.len() as u64, "what came is what counts as received");
    }
}

#[tokio::test]
async fn an_echo_inside_a_compressed_answer_is_found() {
    let text = [plausible(), SECRET.as_bytes().to_vec(), plausible()].concat();
    for coding in CODINGS {
        let head = format!("content-encoding: {coding}\r\n");
        let server = Server::saying(with_headers(&head, &encode(coding, &text).await)).await;
        let mut caller = Setup::at(&[&server.url("/")]).bearer(&server.url("/")).caller();
        let error = caller.get(&server.url("/")).await.map(|whole| whole.text()).expect_err(coding);
        assert!(error.to_string().contains("withheld"), "{coding}: {error}");
    }
}

#[tokio::test]
async fn trailers_survive_decompression() {
    let encoded = encode("gzip", b"text").await;
    let body = chunked(encoded.chunks(5), "x-trailer: fine\r\n");
    let body = String::from_utf8_lossy(&body[..17]).into_owned() + "content-encoding: gzip\r\n";
    let rest = &chunked(encoded.chunks(5), "x-trailer: fine\r\n")[17..];
    let server = Server::saying([body.as_bytes(), rest].concat()).await;
    let whole = Setup::at(&[&server.url("/")]).caller().get(&server.url("/")).await.expect("an answer");
    assert_eq!((whole.text().as_str(), whole.trailers.is_some()), ("text", true));
}

#[tokio::test]
async fn a_bomb_is_ended_by_its_ratio() {
    let zeros = vec![0; 10 << 20];
    for coding in CODINGS {
        let bomb = encode(coding, &zeros).await;
        assert!(bomb.len() < 20_000, "{coding}: {}", bomb.len());
        let server = Server::saying(with_headers(&format!("content-encoding: {coding}\r\n"), &bomb)).await;
        let mut caller = Setup::at(&[&server.url("/")]).caller();
        let response = caller.start(request(Method::GET, &server.url("/")), "").await.expect("a head");
        let (got, end) = read(response.into_body()).await;
        assert!(end.is_err(), "{coding}");
        assert!(got.len() <= bomb.len() * 100 + (80 << 10), "{coding}: {} bytes came through", got.len());
        let exceeded = caller.outbound.take_traffic().exceeded.expect("a limit");
        assert_eq!((exceeded.name, exceeded.limit), (LimitName::DecodedRatio, 100), "{coding}");
        // The same with a higher limit.
        let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.decoded_ratio = 1_000_000).caller();
        assert_eq!(caller.get(&server.url("/")).await.expect(coding).body.len(), zeros.len());
    }
}

#[tokio::test]
async fn a_small_answer_may_be_as_compressible_as_it_likes() {
    let server =
        Server::saying(with_headers("content-encoding: gzip\r\n", &encode("gzip", &[b'x'; 60_000]).await)).await;
    let mut caller = Setup::at(&[&server.url("/")]).limits(|limits| limits.decoded_ratio = 2).caller();
    assert_eq!(caller.get(&server.url("/")).await.expect("an answer").body.len(), 60_000);
}

#[tokio::test]
async fn decompressed_bytes_count_as_received() {
    let text = plausible();
    let server = Server::saying(with_headers("content-encoding: gzip\r\n", &encode("gzip", &text).await)).await;
    let with =
        |bytes: usize| Setup::at(&[&server.url("/")]).limits(|limits| limits.received_bytes = bytes as u64).caller();
    assert!(with(text.len()).get(&server.url("/")).await.is_ok());
    let (_, limit) = with(text.len() - 1).failure(&server.url("/")).await;
    assert_eq!(limit, Some(LimitName::ReceivedBytes));
}

#[tokio::test]
async fn an_encoding_that_nobody_asked_for_is_refused() {
    for head in [
        "content-encoding: lzma\r\n",
        "content-encoding: compress\r\n",
        "content-encoding: gzip, gzip\r\n",
        "content-encoding: gzip\r\ncontent-encoding: br\r\n",
        "content-encoding: gzip\u{e4}\r\n",
    ] {
        let server = Server::saying(with_headers(head, b"text")).await;
        let error = Setup::at(&[&server.url("/")]).caller().get(&server.url("/")).await.expect_err(head);
        assert!(matches!(error, Error::HttpResponseContentCoding(None)), "{head}: {error}");
    }
    for head in ["content-encoding: identity\r\n", "content-encoding: \r\n"] {
        let server = Server::saying(with_headers(head, b"text")).await;
        let whole = Setup::at(&[&server.url("/")]).caller().get(&server.url("/")).await.expect(head);
        assert_eq!(whole.text(), "text", "{head}");
    }
}

#[tokio::test]
async fn what_is_not_what_it_says_is_refused() {
    for coding in CODINGS {
        let encoded = encode(coding, &plausible()).await;
        let cut = encoded[..encoded.len() - 6].to_vec();
        for (what, body) in [("rubbish", b"this is rubbish".to_vec()), ("cut", cut)] {
            let server = Server::saying(with_headers(&format!("content-encoding: {coding}\r\n"), &body)).await;
            let error = Setup::at(&[&server.url("/")]).caller().get(&server.url("/")).await.map(|whole| whole.text());
            assert!(error.is_err_and(|error| error.to_string().contains("not what")), "{coding}, {what}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_body_may_say_that_it_is_compressed() {
    for (method, response) in [
        (Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\ncontent-encoding: br\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\ncontent-encoding: zstd\r\n\r\n"),
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n"),
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        let server = Server::saying(response).await;
        let whole =
            Setup::at(&[&server.url("/")]).caller().send(request(method, &server.url("/"))).await.expect(response);
        assert!(whole.body.is_empty());
    }
}
