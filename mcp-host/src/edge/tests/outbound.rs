//! Requests of a function to other hosts.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Answers every request with this text, after this time.
async fn server(answer: &'static str, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut seen = Vec::new();
                let mut buffer = [0; 1024];
                while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => seen.extend_from_slice(&buffer[..count]),
                    }
                }
                tokio::time::sleep(delay).await;
                let host = String::from_utf8_lossy(&seen)
                    .lines()
                    .find(|line| line.to_lowercase().starts_with("host:"))
                    .unwrap_or("")
                    .to_owned();
                let body = format!("{answer} {host}");
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await.ok();
                stream.write_all(body.as_bytes()).await.ok();
            });
        }
    });
    address
}

#[tokio::test]
async fn an_allowed_host_is_reached_and_another_is_denied() {
    let allowed = server("allowed", Duration::ZERO).await;
    let other = server("other", Duration::ZERO).await;
    let app = App::with_variable("allowed", &format!("http://{allowed}"));
    let answer = app.get(&format!("/probe/fetch?http://{allowed}/x")).await.ok();
    assert_eq!(answer.to_lowercase(), format!("allowed host: {allowed}"));
    for url in
        [format!("http://{other}/"), format!("https://{allowed}/"), format!("http://localhost:{}/", allowed.port())]
    {
        let denied = app.get(&format!("/probe/fetch?{url}")).await;
        assert!(denied.status == 502 && denied.text.contains("HttpRequestDenied"), "{url}: {}", denied.text);
    }
}

#[tokio::test]
async fn nothing_is_reached_without_an_allowed_host() {
    let address = server("never", Duration::ZERO).await;
    let app = App::new();
    assert!(app.get(&format!("/probe/fetch?http://{address}/")).await.text.contains("HttpRequestDenied"));
}

#[tokio::test]
async fn an_answer_may_take_as_long_as_the_limit_and_no_longer() {
    let slow = server("slow", Duration::from_millis(400)).await;
    let app = |limit: u64| {
        App::with(|config| {
            config.variables.insert("allowed".into(), Secret::new("http://127.0.0.1:*".into()));
            config.limits.outbound_response_timeout = Duration::from_millis(limit);
        })
    };
    assert!(app(5000).get(&format!("/probe/fetch?http://{slow}/")).await.ok().starts_with("slow"));
    let late = app(100).get(&format!("/probe/fetch?http://{slow}/")).await;
    assert!(late.text.contains("ConnectionReadTimeout"), "{}", late.text);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a listener").local_addr().expect("an address");
    let app = App::with_variable("allowed", "*://*:*");
    let refused = app.get(&format!("/probe/fetch?http://{closed}/")).await.text;
    assert!(refused.contains("ConnectionRefused"), "{refused}");
    // No name may have a part this long, so no server is asked for it.
    let unknown = app.get(&format!("/probe/fetch?http://{}.invalid/", "x".repeat(64))).await.text;
    assert!(unknown.contains("DnsError"), "{unknown}");
    let plain = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = plain.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.expect("a connection");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
        assert!(stream.read(&mut [0; 1024]).await.is_ok());
    });
    let tls = app.get(&format!("/probe/fetch?https://{address}/")).await.text;
    assert!(tls.contains("TlsProtocolError"), "{tls}");
}

#[tokio::test]
async fn a_host_that_does_not_accept_is_given_up() {
    // A listener that nobody serves takes a few connections into its queue and then leaves the next one waiting.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut queued = Vec::new();
    while let Ok(stream) =
        tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address)).await
    {
        queued.push(stream);
    }
    let app = App::with(|config| {
        config.variables.insert("allowed".into(), Secret::new("http://127.0.0.1:*".into()));
        config.limits.outbound_connect_timeout = Duration::from_millis(100);
    });
    let answer = app.get(&format!("/probe/fetch?http://{address}/")).await.text;
    assert!(answer.contains("ConnectionTimeout"), "{answer}");
}
