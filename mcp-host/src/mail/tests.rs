//! Mails from the outbox to a server, or into files.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_identity::{EmailAddress, IdentityKey, MailTerms, request_password_reset};
use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::Fixture;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::smtp::InvalidSmtp;
use super::{Files, Postman, Sender, Smtp, SmtpTerms, Transport};

const TERMS: MailTerms = MailTerms { lease: Duration::from_secs(60), retry: Duration::from_secs(30) };

fn sender() -> Sender {
    "Bulkhead <bulkhead@example.com>".parse().expect("a sender")
}

/// A mail to `ours@example.com` that waits.
async fn outbox() -> (Fixture, Arc<ManualClock>, IdentityKey) {
    let clock = Arc::new(ManualClock::default());
    let fixture = Fixture::start(clock.clone()).await;
    let key = IdentityKey::generate(fixture.ports.entropy.as_ref());
    let email: EmailAddress = "ours@example.com".parse().expect("an address");
    request_password_reset(&fixture.ports, &key, "https://bulkhead.example.com", &email).await.expect("is posted");
    (fixture, clock, key)
}

fn postman(fixture: &Fixture, key: &IdentityKey, transport: Arc<dyn Transport>) -> Postman {
    let (ports, key) = (fixture.ports.clone(), key.clone());
    Postman { ports, key, terms: TERMS, poll: Duration::from_millis(10), transport }
}

fn smtp(port: u16, credentials: Option<(&str, &str)>) -> Arc<Smtp> {
    let credentials = credentials.map(|(user, password)| (user.to_owned(), Secret::new(password.to_owned())));
    let terms = SmtpTerms { url: format!("smtp://127.0.0.1:{port}"), credentials, timeout: Duration::from_secs(10) };
    Smtp::new(&terms, sender(), Arc::new(ManualClock::default())).expect("a server")
}

/// One conversation of a server: it answers each command's first word, and gives back all that it heard.
async fn server(answers: &'static [(&'static str, &'static str)]) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let talk = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut heard = Vec::new();
        write.write_all(b"220 mail.example.com ESMTP\r\n").await.expect("writes");
        let mut in_data = false;
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line.clone());
            let word = if in_data {
                if line == "." { "." } else { continue }
            } else {
                line.split(' ').next().unwrap_or_default()
            };
            in_data = word == "DATA";
            let answer = answers.iter().find(|(command, _)| *command == word).map_or("250 OK", |(_, answer)| answer);
            write.write_all(format!("{answer}\r\n").as_bytes()).await.expect("writes");
            if word == "QUIT" {
                break;
            }
        }
        heard
    });
    (port, talk)
}

const WELCOME: &[(&str, &str)] = &[
    ("EHLO", "250-mail.example.com\r\n250 AUTH PLAIN"),
    ("AUTH", "235 OK"),
    ("DATA", "354 go on"),
    ("QUIT", "221 bye"),
];

#[tokio::test]
async fn a_server_gets_the_mail_and_nothing_of_it_is_left() {
    let (fixture, _, key) = outbox().await;
    let (port, talk) = server(WELCOME).await;
    let postman = postman(&fixture, &key, smtp(port, Some(("bulkhead", "a mail password"))));
    let stopped = CancellationToken::new();
    stopped.cancel();
    assert_eq!(postman.round(&stopped).await, 0, "nothing is begun at the end of the process");
    assert_eq!(postman.round(&CancellationToken::new()).await, 1);
    assert_eq!(postman.round(&CancellationToken::new()).await, 0);
    drop(postman);
    let heard = talk.await.expect("no panic");
    let has = |start: &str| heard.iter().any(|line| line.starts_with(start));
    assert!(has("EHLO bulkhead") && has("AUTH PLAIN ") && has("MAIL FROM:<bulkhead@example.com>"), "{heard:#?}");
    assert!(has("RCPT TO:<ours@example.com>") && has("Subject: Choose a new password") && has("To: ours@example.com"));
    assert!(heard.join("").replace("=\r\n", "").contains("/reset-password?token="), "{heard:#?}");
    assert!(has("Date: Thu, 01 Jan 2026 00:00:00 +0000"), "{heard:#?}");
    assert!(
        fixture.ports.sql.query(sql("SELECT id FROM mails").across_tenants("a test")).await.expect("reads").is_empty()
    );
}

#[tokio::test]
async fn what_a_server_does_not_take_is_tried_again_later() {
    let (fixture, clock, key) = outbox().await;
    let (port, talk) = server(&[
        ("EHLO", "250 mail.example.com"),
        ("RCPT", "451 come back later"),
        ("DATA", "354 go on"),
        ("QUIT", "221 bye"),
    ])
    .await;
    let first = postman(&fixture, &key, smtp(port, None));
    assert_eq!(first.round(&CancellationToken::new()).await, 0);
    drop(first);
    talk.await.expect("no panic");
    let (port, talk) = server(WELCOME).await;
    let second = postman(&fixture, &key, smtp(port, None));
    assert_eq!(second.round(&CancellationToken::new()).await, 0);
    clock.advance(TERMS.retry);
    assert_eq!(second.round(&CancellationToken::new()).await, 1);
    drop(second);
    assert!(talk.await.expect("no panic").iter().any(|line| line.starts_with("RCPT TO:<ours@example.com>")));
}

#[tokio::test]
async fn without_a_server_the_mail_is_a_file_of_its_own() {
    let (fixture, _, key) = outbox().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mail = folder.path().join("mail");
    let postman = postman(&fixture, &key, Files::new(mail.clone(), sender(), fixture.ports.clone()));
    assert_eq!(postman.round(&CancellationToken::new()).await, 1);
    let files: Vec<_> =
        std::fs::read_dir(&mail).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].extension().and_then(|end| end.to_str()), Some("eml"));
    let text = std::fs::read_to_string(&files[0]).expect("a file");
    assert!(
        text.contains("/reset-password?token=") && text.contains("From: Bulkhead <bulkhead@example.com>"),
        "{text}"
    );
    #[cfg(unix)]
    for path in [&mail, &files[0]] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(path).expect("metadata").permissions().mode() & 0o077, 0);
    }
}

#[tokio::test]
async fn a_mail_that_can_not_be_opened_keeps_no_other_waiting() {
    let (fixture, clock, key) = outbox().await;
    let other = IdentityKey::generate(fixture.ports.entropy.as_ref());
    clock.advance(Duration::from_millis(1));
    let theirs: EmailAddress = "theirs@example.com".parse().expect("an address");
    request_password_reset(&fixture.ports, &other, "https://bulkhead.example.com", &theirs).await.expect("is posted");
    let folder = tempfile::tempdir().expect("a folder");
    let files = Files::new(folder.path().to_owned(), sender(), fixture.ports.clone());
    assert_eq!(postman(&fixture, &other, files.clone()).round(&CancellationToken::new()).await, 1);
    clock.advance(TERMS.lease);
    assert_eq!(postman(&fixture, &key, files).round(&CancellationToken::new()).await, 1);
}

#[test]
fn mail_to_another_machine_goes_over_tls() {
    let new = |url: &str| {
        let terms = SmtpTerms { url: url.to_owned(), credentials: None, timeout: Duration::from_secs(1) };
        Smtp::new(&terms, sender(), Arc::new(ManualClock::default())).err()
    };
    for url in ["smtps://mail.example.com", "smtp://mail.example.com:587?tls=required", "smtp://127.0.0.1:2525"] {
        assert!(new(url).is_none(), "{url}");
    }
    for url in
        ["smtp://mail.example.com", "smtp://mail.example.com?tls=opportunistic", "smtp://127.0.0.1@mail.example.com"]
    {
        assert!(matches!(new(url), Some(InvalidSmtp::InTheClear)), "{url}");
    }
    assert!("nobody".parse::<Sender>().is_err());
}
