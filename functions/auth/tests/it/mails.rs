//! The mails that wait.

use std::time::Duration;

use bulkhead_http_api::Api;
use bulkhead_identity::{Letter, MailTerms, claim_mail, mail_sent};

const TERMS: MailTerms = MailTerms { lease: Duration::from_secs(60), retry: Duration::from_secs(30) };

/// All of them, the oldest first, which are sent by that.
pub(crate) async fn all(api: &Api) -> Vec<Letter> {
    let key = api.identity_key().await.expect("a key");
    let mut letters = Vec::new();
    while let Some(due) = claim_mail(&api.ports, &key, &TERMS).await.expect("an outbox") {
        mail_sent(&api.ports, &due).await.expect("is sent");
        letters.push(due.letter);
    }
    letters
}

/// To whom they go, and what they are about.
pub(crate) async fn told(api: &Api) -> Vec<(String, String)> {
    all(api).await.into_iter().map(|letter| (letter.to, letter.subject)).collect()
}
