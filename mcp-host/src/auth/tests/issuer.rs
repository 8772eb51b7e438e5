//! Against a server on this machine.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{StatusCode, Uri};

use super::super::fetch::{FetchError, Fetcher};
use super::super::issuer::{Issuer, IssuerError, Terms};
use super::*;
use crate::config::IssuerUrl;
use crate::sandbox::tls_connector;

/// An issuer whose answers can be changed while it serves.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) url: String,
    answers: Arc<Mutex<Answers>>,
    fetched: Arc<AtomicUsize>,
}

struct Answers {
    metadata_path: &'static str,
    metadata: Value,
    keys: Vec<Value>,
    delay: Duration,
    redirect: bool,
}

const RFC_8414: &str = "/.well-known/oauth-authorization-server";

impl Served {
    pub(super) async fn start(keys: Vec<Value>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") });
        let answers = Answers { metadata_path: RFC_8414, metadata, keys, delay: Duration::ZERO, redirect: false };
        let served = Self { url, answers: Arc::new(Mutex::new(answers)), fetched: Arc::default() };
        let server = served.clone();
        let app = Router::new().fallback(move |uri: Uri| {
            let server = server.clone();
            async move { server.answer(uri.path()).await }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        served
    }

    async fn answer(&self, path: &str) -> Response {
        let delay = self.answers.lock().expect("a lock").delay;
        tokio::time::sleep(delay).await;
        let answers = self.answers.lock().expect("a lock");
        match path {
            "/jwks" if answers.redirect => {
                (StatusCode::FOUND, [(LOCATION, format!("{}/elsewhere", self.url))]).into_response()
            }
            "/jwks" | "/elsewhere" => {
                self.fetched.fetch_add(1, Ordering::SeqCst);
                json!({ "keys": answers.keys }).to_string().into_response()
            }
            path if path == answers.metadata_path => answers.metadata.to_string().into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().expect("a lock"));
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    fn issuer(&self, terms: Terms) -> Issuer {
        self.limited(terms, 64 << 10)
    }

    fn limited(&self, terms: Terms, max_bytes: usize) -> Issuer {
        let url = IssuerUrl::try_from(self.url.clone()).expect("an issuer");
        Issuer::new(url, terms, Fetcher::new(tls_connector(None).expect("TLS"), max_bytes))
    }
}

/// Without a pause, so that everything is asked for again.
fn terms() -> Terms {
    Terms {
        algorithms: SigningAlgorithm::ALL.to_vec(),
        keep: Duration::from_secs(600),
        pause: Duration::ZERO,
        patience: Duration::from_secs(20),
    }
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn keys_are_found_at_each_well_known_place() {
    for place in [RFC_8414, "/.well-known/openid-configuration"] {
        let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
        served.change(|answers| answers.metadata_path = place);
        let keys = served.issuer(terms()).keys("k").await.expect("keys");
        assert_eq!(keys.find("k").count(), 1, "{place}");
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_however_many_wait() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    let issuer = served.issuer(terms());
    let all = futures::future::join_all((0..50).map(|_| issuer.keys("k"))).await;
    assert!(all.into_iter().all(|keys| keys.is_ok_and(|keys| keys.find("k").count() == 1)));
    assert_eq!(served.fetched(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it() {
    let served = Served::start(vec![Signer::ed25519("old").jwk]).await;
    let issuer = served.issuer(terms());
    issuer.keys("old").await.expect("keys");
    served.change(|answers| answers.keys = vec![Signer::ed25519("new").jwk]);
    assert_eq!(issuer.keys("new").await.expect("keys").find("new").count(), 1);
    assert_eq!(issuer.keys("old").await.expect("keys").find("old").count(), 0, "it was withdrawn");
}

#[tokio::test]
async fn made_up_key_ids_do_not_make_the_host_ask_for_each() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    let issuer = served.issuer(Terms { pause: LONG, ..terms() });
    issuer.keys("k").await.expect("keys");
    for number in 0..100 {
        assert_eq!(issuer.keys(&number.to_string()).await.expect("keys").find("k").count(), 1);
    }
    assert_eq!(served.fetched(), 1);
}

#[tokio::test]
async fn keys_are_not_kept_longer_than_they_may_be() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    let issuer = served.issuer(Terms { keep: Duration::ZERO, ..terms() });
    issuer.keys("k").await.expect("keys");
    issuer.keys("k").await.expect("keys");
    assert_eq!(served.fetched(), 2);
    let paused = served.issuer(Terms { keep: Duration::ZERO, pause: LONG, ..terms() });
    paused.keys("k").await.expect("keys");
    assert!(matches!(paused.keys("k").await, Err(IssuerError::Pausing)));
}

#[tokio::test]
async fn known_keys_go_on_being_good_while_the_issuer_is_away() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    let issuer = served.issuer(terms());
    issuer.keys("k").await.expect("keys");
    served.change(|answers| answers.metadata_path = "/nowhere");
    assert_eq!(issuer.keys("new").await.expect("keys").find("new").count(), 0);
    assert_eq!(issuer.keys("k").await.expect("keys").find("k").count(), 1);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    served.change(|answers| answers.metadata["issuer"] = json!(format!("{}/", served.url)));
    assert!(matches!(served.issuer(terms()).keys("k").await, Err(IssuerError::OtherIssuer { .. })));
}

#[tokio::test]
async fn keys_from_where_they_could_be_changed_are_refused() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    served.change(|answers| answers.metadata["jwks_uri"] = json!("http://192.0.2.1/jwks"));
    let error = served.issuer(terms()).keys("k").await.err();
    assert!(matches!(error, Some(IssuerError::Keys(FetchError::Untrustworthy(_)))), "{error:?}");
    served.change(|answers| answers.metadata["jwks_uri"] = json!("jwks"));
    assert!(matches!(served.issuer(terms()).keys("k").await, Err(IssuerError::KeysPlace)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    served.change(|answers| answers.redirect = true);
    let error = served.issuer(terms()).keys("k").await.err();
    assert!(matches!(error, Some(IssuerError::Keys(FetchError::Status { .. }))), "{error:?}");
    assert_eq!(served.fetched(), 0);
}

#[tokio::test]
async fn a_document_may_be_so_large_and_no_larger() {
    let served = Served::start(vec![Signer::ed25519("k").jwk, json!("x".repeat(2000))]).await;
    let size = served.answers.lock().map(|answers| json!({ "keys": answers.keys }).to_string().len()).expect("a lock");
    assert!(served.limited(terms(), size).keys("k").await.is_ok());
    let error = served.limited(terms(), size - 1).keys("k").await.err();
    assert!(matches!(error, Some(IssuerError::Keys(FetchError::TooLarge { .. }))), "{error:?}");
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_not_waited_for() {
    let served = Served::start(vec![Signer::ed25519("k").jwk]).await;
    served.change(|answers| answers.delay = LONG);
    let issuer = served.issuer(Terms { patience: Duration::from_millis(50), ..terms() });
    assert!(matches!(issuer.keys("k").await, Err(IssuerError::Timeout(_))));
}

#[tokio::test]
async fn what_is_no_key_set_is_refused() {
    let served = Served::start(Vec::new()).await;
    served.change(|answers| answers.metadata["jwks_uri"] = json!(format!("{}{RFC_8414}", served.url)));
    let error = served.issuer(terms()).keys("k").await.err();
    assert!(matches!(error, Some(IssuerError::Keys(FetchError::Malformed { .. }))), "{error:?}");
}
