//! A connector's way to the network (tools of the guest `connector-hostile`): what was not granted is not reached, and
//! what answers badly costs the call, not the host.

use std::sync::{Arc, Mutex};

use bulkhead_system_tests::{Host, Setup, path};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server on this machine that answers as a test wants.
struct Upstream {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// How an answer ends.
#[derive(Clone, Copy)]
enum End {
    Close,
    Stall,
    /// Its second half again and again.
    Again,
}

impl Upstream {
    /// Answers every request, which is given as its text.
    async fn start(answer: impl Fn(&str) -> (Vec<u8>, End) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let upstream = Self { address, seen: seen.clone() };
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, answer) = (seen.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                        if !stream.read_buf(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                            return;
                        }
                    }
                    let request = String::from_utf8_lossy(&request).into_owned();
                    let (bytes, end) = answer(&request);
                    seen.lock().expect("a lock").push(request);
                    let mut written = stream.write_all(&bytes).await;
                    match end {
                        End::Close => {}
                        End::Stall => std::future::pending().await,
                        End::Again => {
                            while written.is_ok() {
                                written = stream.write_all(&bytes[bytes.len() / 2..]).await;
                            }
                        }
                    }
                });
            }
        });
        upstream
    }

    async fn saying(answer: &'static [u8]) -> Self {
        Self::start(|_| (answer.to_vec(), End::Close)).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("a lock").clone()
    }

    /// A host whose hostile connector may ask this server for what is below `/granted/`.
    async fn host(&self, more: &str) -> Host {
        let config = format!("[connectors.hostile]\nbase_url = 'http://{}'\n{more}", self.address);
        Setup::up().await.with_hostile().config(&config).start().await
    }
}

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

async fn exceeds(host: &Host, tool: &str, arguments: Value, limit: &str) -> Value {
    let job = host.job("hostile", tool, arguments).await;
    assert_eq!(job["error"]["type"], "limit_exceeded", "{job:#}");
    assert_eq!(job["error"]["details"]["limit"], limit, "{job:#}");
    let echo = host.call("hostile_echo", json!({ "a": 1 })).await;
    assert_eq!(echo["structuredContent"], json!({ "arguments": { "a": 1 } }));
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_not_the_tools_to_set_do_not_arrive() {
    let echo = |request: &str| {
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{request}", request.len()).into_bytes(), End::Close)
    };
    let upstream = Upstream::start(echo).await;
    let host = upstream.host("").await;
    let job = host.job("hostile", "smuggle_headers", json!({ "url": upstream.url("/granted/x") })).await;
    assert_eq!(job["status"], "succeeded", "{job:#}");
    let seen = upstream.seen();
    // Those that WASI itself refuses to take never become a request.
    assert!(seen.len() >= 10, "{seen:#?}");
    for request in &seen {
        assert!(!request.contains("evil"), "{request}");
        assert_eq!(request.matches("host:").count(), 1, "{request}");
        assert!(request.contains(&format!("host: {}\r\n", upstream.address)), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_the_metadata_service_is_not_followed() {
    let redirect =
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/\r\ncontent-length: 0\r\n\r\n";
    let upstream = Upstream::saying(redirect).await;
    let host = upstream.host("").await;
    let job = host.job("hostile", "follow_redirect", json!({ "url": upstream.url("/granted/x") })).await;
    assert_eq!(job["status"], "failed", "{job:#}");
    assert!(job["error"]["message"].as_str().is_some_and(|text| text.contains("not granted")), "{job:#}");
    let events = host.events(job["id"].as_str().expect("an id")).await;
    let messages: Vec<_> =
        events.iter().filter(|event| event["kind"] == "outbound").map(|event| &event["message"]).collect();
    assert_eq!(messages.len(), 2, "{events:#?}");
    assert_eq!(messages[1], "Refused GET http://169.254.169.254: the connector was not granted it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_service_and_this_machine_are_out_of_reach_under_every_name() {
    let upstream = Upstream::saying(FINE).await;
    let host = upstream.host("").await;
    let job = host.job("hostile", "reach_metadata", json!({})).await;
    let result = &job["result"]["structuredContent"];
    assert_eq!((&result["answered"], &result["attempts"]), (&json!({}), &json!(44)), "{job:#}");
    let refused = result["refused"].as_object().expect("why");
    assert_eq!(refused.len(), 44, "{job:#}");
    // A URL with a user's name does not get as far as the host.
    let by_the_library = |url: &str| url.contains('@');
    let not_granted = |reason: &&Value| reason.as_str().is_some_and(|reason| reason.contains("was not granted this"));
    for (url, reason) in refused {
        assert!(not_granted(&reason) || by_the_library(url), "{url}: {reason}");
    }
    let denied = refused.values().filter(not_granted).count();
    assert!(denied >= 40, "{job:#}");
    let events = host.events(job["id"].as_str().expect("an id")).await;
    let messages: Vec<_> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    let told = |message: &&&str| {
        message.starts_with("Refused GET http") && message.ends_with(": the connector was not granted it")
    };
    assert_eq!(messages.iter().filter(told).count(), denied, "{messages:#?}");
    for address in ["http://169.254.169.254", "https://[fd00:ec2::254]", "http://127.0.0.1", "https://localhost"] {
        let refusal = format!("Refused GET {address}: the connector was not granted it");
        assert!(messages.contains(&refusal.as_str()), "{refusal}: {messages:#?}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_out_of_a_granted_folder() {
    let upstream = Upstream::saying(FINE).await;
    let host = upstream.host("").await;
    let fine = host.job("hostile", "follow_redirect", json!({ "url": upstream.url("/granted/x") })).await;
    assert_eq!(fine["result"]["structuredContent"]["body"], "fine", "{fine:#}");
    let job = host.job("hostile", "widen_path", json!({ "url": upstream.url("/granted/") })).await;
    let result = &job["result"]["structuredContent"];
    assert_eq!((&result["answered"], &result["attempts"]), (&json!({}), &json!(15)), "{job:#}");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_a_tool_makes_do_with_is_an_event_of_its_job() {
    let upstream = Upstream::saying(FINE).await;
    let limited = async |requests: u64| {
        let host = upstream.host(&format!("limits = {{ outbound_requests = {requests} }}\n")).await;
        let job = host.job("hostile", "widen_path", json!({ "url": upstream.url("/granted/") })).await;
        assert_eq!(job["status"], "succeeded", "{job:#}");
        let events = host.events(job["id"].as_str().expect("an id")).await;
        events.into_iter().filter(|event| event["kind"] == "limit_exceeded").collect::<Vec<_>>()
    };
    let told = limited(3).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["level"], "warn");
    assert_eq!(told[0]["message"], "A request of the tool failed: it exceeded its limit OutboundRequests of 3 with 4");
    assert_eq!(told[0]["data"], json!({ "limit": "outbound_requests", "value": 3, "reached": 4 }));
    assert_eq!(limited(50).await, Vec::<Value>::new());
}

/// 1 MiB of zeros, compressed as far as gzip can. Its end is missing, and nobody gets that far.
fn bomb() -> Vec<u8> {
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3];
    // One deflate block of fixed codes: a zero, then 4064 times "the last 258 bytes, one back", then its end.
    let mut bits: Vec<bool> = vec![true, true, false];
    bits.extend([false, false, true, true, false, false, false, false]);
    for _ in 0..4064 {
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    bits.extend([false; 7]);
    body.extend(bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | u8::from(*bit))));
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decompression_bomb_is_ended_before_it_goes_off() {
    let upstream = Upstream::start(|_| {
        let body = bomb();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
        ([head.into_bytes(), body].concat(), End::Close)
    })
    .await;
    let host = upstream.host("").await;
    let job = exceeds(&host, "unpack_bomb", json!({ "url": upstream.url("/granted/x") }), "decoded_ratio").await;
    assert_eq!(job["error"]["details"]["value"], 100);
    assert!(job["usage"]["bytes_received"].as_u64() < Some(10_000), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_are_ended() {
    let upstream =
        Upstream::start(|_| (b"HTTP/1.1 200 OK\r\nx-flood: 12345678901234567\r\n".to_vec(), End::Again)).await;
    let host = upstream.host("limits = { response_header_kib = 8 }\n").await;
    let url = upstream.url("/granted/x");
    let job = exceeds(&host, "swallow_headers", json!({ "url": url }), "response_header_bytes").await;
    assert_eq!(job["error"]["details"]["value"], 8192);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_in_the_middle_is_waited_for_as_long_as_is_configured() {
    let upstream =
        Upstream::start(|_| (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(), End::Stall)).await;
    let host = upstream.host("limits = { between_bytes_ms = 200 }\n").await;
    let job = exceeds(&host, "swallow_headers", json!({ "url": upstream.url("/granted/x") }), "between_bytes_ms").await;
    assert_eq!(job["error"]["details"]["value"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_held_and_not_read_are_limited() {
    let upstream = Upstream::saying(FINE).await;
    let host = upstream.host("limits = { requests_in_flight = 3 }\n").await;
    let hold = |answers: u32| json!({ "url": upstream.url("/granted/x"), "answers": answers });
    let job = host.job("hostile", "hold_answers", hold(3)).await;
    assert_eq!(job["result"]["structuredContent"], json!({ "answers": 3 }), "{job:#}");
    exceeds(&host, "hold_answers", hold(4), "requests_in_flight").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_takes_grants_away() {
    let upstream = Upstream::saying(FINE).await;
    let host = upstream.host("[connectors.hostile.outbound]\npaths = ['/granted/one']\nmethods = ['GET']\n").await;
    let fetch = async |path: &str| host.job("hostile", "follow_redirect", json!({ "url": upstream.url(path) })).await;
    assert_eq!(fetch("/granted/one").await["status"], "succeeded");
    let refused = fetch("/granted/two").await;
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("not granted")), "{refused:#}");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_takes_grants_away_and_gives_them_back() {
    let upstream = Upstream::saying(FINE).await;
    let host = upstream.host("").await;
    let fetch = async |path: &str| {
        let job = host.job("hostile", "follow_redirect", json!({ "url": upstream.url(path) })).await;
        let events = host.events(job["id"].as_str().expect("an id")).await;
        let said = events.iter().rfind(|event| event["kind"] == "outbound").expect("an event")["message"].clone();
        (job["status"].clone(), said)
    };
    let restrictions = "/v1/connectors/hostile/restrictions";
    let put = async |host_: &str, path: &str| {
        let outbound = json!([{ "host": host_, "methods": ["GET"], "paths": [path] }]);
        host.request("PUT", restrictions).key(host.key()).json(&json!({ "outbound": outbound })).send().await
    };
    for (place, path, fault) in [
        ("evil.example", "/*", "/outbound/0/host"),
        (&*upstream.address, "/granted/one", "/outbound/0/host"),
        ("{{ settings.base_url }}", "/*", "/outbound/0/paths/0"),
    ] {
        assert_eq!(put(place, path).await.problem(422)["faults"][0]["pointer"], fault, "{place}");
    }
    assert_eq!(put("{{ settings.base_url }}", "/granted/one").await.status, 200);
    assert_eq!(fetch("/granted/one").await.0, "succeeded");
    let (status, said) = fetch("/granted/two").await;
    assert_eq!(status, "failed");
    assert!(said.as_str().is_some_and(|said| said.ends_with("the organization's restrictions do not allow it")));
    // What was never granted is not granted by it either.
    let (_, said) = fetch("/other").await;
    assert!(said.as_str().is_some_and(|said| said.ends_with("the connector was not granted it")), "{said}");
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(host.request("DELETE", restrictions).key(host.key()).send().await.status, 204);
    assert_eq!(fetch("/granted/two").await.0, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_not_grant_what_the_manifest_does_not_ask_for() {
    for (narrowing, word) in [("hosts = ['evil.example']", "\"evil.example\""), ("paths = ['/**']", "\"/**\"")] {
        let config = format!(
            "[connectors.prometheus]\nbase_url = 'http://127.0.0.1:9090'\n[connectors.prometheus.outbound]\n{narrowing}\n"
        );
        let said = Setup::up().await.config(&config).refusal().await;
        assert!(said.contains("[connectors.prometheus.outbound]") && said.contains(word), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_authorities_that_is_not_there() {
    let said = Setup::up().await.config("[outbound]\nca_file = 'nowhere.pem'\n").refusal().await;
    assert!(said.contains("ca_file nowhere.pem"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_that_it_needs_a_tool_does_not_start() {
    let setup = Setup::up().await;
    let folder = setup.connectors().join("needy");
    std::fs::create_dir(&folder).expect("a folder can be made");
    let toolbox = path("BULKHEAD_CONNECTORS_DIR").join("toolbox");
    std::fs::copy(toolbox.join("component.wasm"), folder.join("component.wasm")).expect("a file can be copied");
    let manifest = "slug = 'needy'\nname = 'Needy'\nversion = '1.0.0'\ndescription = 'Needs a token.'\n\
                    auth = { type = 'none' }\n[[outbound]]\nhost = 'api.example.com'\nmethods = ['GET']\n\
                    [[credentials]]\nname = 'token'\ndescription = 'A token.'\naudience = 'api.example.com'\n\
                    required = true\nheader = 'Authorization'\nprefix = 'Bearer '\n";
    std::fs::write(folder.join("connector.toml"), manifest).expect("a file can be written");
    let host = setup.start().await;
    let job = host.job("needy", "jq", json!({ "filter": ".", "input": 1 })).await;
    assert_eq!(job["error"]["type"], "credential_missing", "{job:#}");
    assert_eq!(job["error"]["details"], json!({ "connector": "needy", "credential": "token" }));
    assert!(
        job["error"]["message"].as_str().is_some_and(|text| text.contains("bulkhead secrets set needy token")),
        "{job:#}"
    );
}
