//! Mail, on an installation without a mail server: an invitation from its making to whoever signs up with it.

use bulkhead_system_tests::{Host, Setup, eventually};
use bytes::Bytes;
use serde_json::json;

/// The mails that were sent, the oldest first, as their readers see them.
fn mails(host: &Host) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(host.data_dir().join("mail")) else { return Vec::new() };
    let mut paths: Vec<_> = folder.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let raw = std::fs::read_to_string(path).expect("a mail");
        raw.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", "\n")
    };
    // One that is being written has no end yet.
    paths.iter().map(read).filter(|mail| mail.ends_with('\n')).collect()
}

async fn mail(host: &Host, number: usize) -> String {
    eventually("a mail", async || mails(host).into_iter().nth(number)).await
}

fn token(mail: &str) -> String {
    let (_, rest) = mail.split_once("/invitations?token=").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_reaches_whoever_is_invited_and_they_sign_up() {
    let host = Setup::up().await.start().await;
    let path = "/v1/organization/invitations";
    let invite =
        host.request("POST", path).key(host.key()).json(&json!({ "email": "grace@example.com", "role": "member" }));
    let issued = invite.send().await.expect(201);
    assert_eq!(issued.get("token"), None, "{issued}");
    let first = mail(&host, 0).await;
    assert!(first.contains("To: grace@example.com") && first.contains("Subject: You are invited"), "{first}");
    let id = issued["invitation"]["id"].as_str().expect("an id");
    let again = host.request("POST", &format!("{path}/{id}/resend")).key(host.key()).json(&json!({}));
    let _ = again.send().await.expect(200);
    let (first, second) = (token(&first), token(&mail(&host, 1).await));
    assert_eq!(host.request("GET", &format!("/invitations?token={first}")).send().await.status, 404);
    let page = host.request("GET", &format!("/invitations?token={second}")).send().await;
    assert!(page.status == 200 && page.text().contains("grace@example.com"), "{}", page.text());

    let form = format!("token={second}&name=Grace&password=a+horse%2C+a+battery%2C+a+staple");
    let sign_up = host.request("POST", "/invitations/sign-up").header("origin", &format!("http://{}", host.address()));
    let sign_up = sign_up.header("content-type", "application/x-www-form-urlencoded").body(Bytes::from(form));
    let joined = sign_up.send().await;
    assert_eq!(joined.status, 200, "{}", joined.text());
    let cookies: Vec<_> = joined.headers("set-cookie").filter_map(|cookie| cookie.split(';').next()).collect();
    let sessions = host.request("GET", "/v1/auth/sessions").header("cookie", &cookies.join("; ")).send().await;
    assert_eq!(sessions.expect(200)["items"].as_array().map(Vec::len), Some(1));
    assert!(mail(&host, 2).await.contains("Subject: Confirm your address"));
    let members = host.items("/v1/organization/members").await;
    assert!(members.iter().any(|member| member["email"] == "grace@example.com"), "{members:#?}");
    let log = host.log();
    assert!(!log.contains(&first) && !log.contains(&second), "a link of a mail is in the log");
}
