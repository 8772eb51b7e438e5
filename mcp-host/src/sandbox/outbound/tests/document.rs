//! Documents at URLs that strangers have chosen.

use std::time::Duration;

use super::server::{Step, ok, with_headers};
use super::tls::Authority;
use super::*;
use crate::sandbox::outbound::document::{DocumentError, DocumentLimits};

const LIMITS: DocumentLimits = DocumentLimits { bytes: 100, time: Duration::from_secs(5) };
const NAME: &str = "app.example.com";

/// The document of a server that answers so, by whoever may reach this machine, or not.
async fn fetch(step: Step, limits: DocumentLimits, private: bool) -> Result<(String, Option<u64>), DocumentError> {
    let authority = Authority::new();
    let step = std::sync::Mutex::new(Some(step));
    let answer = move |_: &str| step.lock().expect("a lock").take().into_iter().collect();
    let server = authority.server_answering(NAME, answer).await;
    let resolver = Answers::of(&[&[&server.address.to_string()]]);
    let client = OutboundClient { resolver, ..OutboundClient::new(Some(&authority.file()), 1).expect("TLS") };
    let url = format!("https://{NAME}:{}/client.json", server.address.port()).parse().expect("a URL");
    let document = client.document(&url, limits, private).await?;
    Ok((document.text, document.max_age.map(|age| age.as_secs())))
}

#[tokio::test]
async fn a_document_comes_with_the_time_that_it_may_be_kept() {
    let found = fetch(Step::Write(ok(b"{}")), LIMITS, true).await.expect("a document");
    assert_eq!(found, ("{}".to_owned(), None));
    let kept = with_headers("cache-control: public, Max-Age=60\r\n", b"{}");
    assert_eq!(fetch(Step::Write(kept), LIMITS, true).await.expect("a document").1, Some(60));
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_followed() {
    let refused = fetch(Step::Write(ok(b"{}")), LIMITS, false).await.expect_err("refused");
    assert!(matches!(refused, DocumentError::Connection(OutboundError::AddressProhibited)), "{refused}");
    let client = OutboundClient::new(None, 1).expect("TLS");
    for url in ["https://127.0.0.1/a", "https://169.254.169.254/a", "https://[::1]/a", "https://10.0.0.1/a"] {
        let refused = client.document(&url.parse().expect("a URL"), LIMITS, false).await.expect_err(url);
        assert!(matches!(refused, DocumentError::Connection(OutboundError::AddressProhibited)), "{refused}");
    }
    for url in ["http://app.example.com/a", "https://you@app.example.com/a", "file:///etc/passwd"] {
        let refused = client.document(&url.parse().expect("a URL"), LIMITS, false).await.expect_err(url);
        assert!(matches!(refused, DocumentError::Address), "{refused}");
    }
}

#[tokio::test]
async fn what_is_no_document_or_too_much_is_refused() {
    let (right, long) = (ok(&[b' '; 100]), ok(&[b' '; 101]));
    assert_eq!(fetch(Step::Write(right), LIMITS, true).await.expect("a document").0.len(), 100);
    let refused = fetch(Step::Write(long), LIMITS, true).await.expect_err("refused");
    assert!(matches!(refused, DocumentError::Answer), "{refused}");
    let redirect = "HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n";
    let refused = fetch(Step::Write(redirect.into()), LIMITS, true).await.expect_err("refused");
    assert!(matches!(refused, DocumentError::Status(status) if status == 302), "{refused}");
    let refused = fetch(Step::Write(ok(b"\xff")), LIMITS, true).await.expect_err("refused");
    assert!(matches!(refused, DocumentError::Answer), "{refused}");
    let limits = DocumentLimits { time: Duration::from_millis(200), ..LIMITS };
    assert!(matches!(fetch(Step::Stall, limits, true).await.expect_err("refused"), DocumentError::Timeout));
}
