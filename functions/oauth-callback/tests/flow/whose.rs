//! Whose browser it is, and whether they may still connect.

use bulkhead_connections::{State, find};
use bulkhead_identity::{
    NewSession, OpaqueToken, Purpose, SessionOrigin, SessionTerms, SigningKeys, find_membership, open_session,
};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, Role, Scopes, Timestamp};
use bulkhead_testkit::functions::{Harness, colleague, project, set_role};
use http::Method;

use super::{PUBLIC, answer, begin, begin_as, come_back, correlation, follow, good, harness, reasons};

/// The cookie of a browser in which this user is signed in.
async fn signed_in(harness: &Harness, user: &Caller) -> String {
    let ports = &harness.api.ports;
    let membership = find_membership(ports, user.user, user.organization).await.expect("reads").expect("belongs there");
    let cookie = OpaqueToken::generate(Purpose::Browser, ports.entropy.as_ref());
    let new = NewSession {
        membership: &membership,
        issuer: PUBLIC,
        audience: "https://bulkhead.example.com/v1",
        scopes: Scopes::Everything,
        client: None,
        origin: SessionOrigin::default(),
        browser: Some(&cookie),
    };
    let keys = SigningKeys::generate(ports.entropy.as_ref());
    let correlation = CorrelationId::parse("signed-in").expect("sane");
    let terms = SessionTerms::default();
    open_session(ports, &keys, &terms, new, "test", Vec::new(), &correlation).await.expect("a session");
    format!("__Host-session={}", cookie.expose())
}

#[tokio::test]
async fn who_asked_for_the_link_is_not_asked_where_they_are_signed_in() {
    let (harness, _) = harness(good()).await;
    let ports = &harness.api.ports;
    let (_, token) = begin(&harness).await;
    let ours = signed_in(&harness, &harness.ours.caller).await;
    let colleague = colleague(ports, &harness.ours.caller).await;
    let open = async |cookie: &str, further: Option<(&str, &str)>| {
        let call = harness.call(Method::GET, &format!("/oauth/start?token={token}")).header("cookie", cookie);
        let call = match further {
            Some((name, value)) => call.header(name, value),
            None => call,
        };
        let page = call.send().await.with_status(200);
        page.json.as_str().expect("a page").contains("content=\"0; url=")
    };
    // Somebody else who is signed in is asked, and so is whoever looks like it but is not.
    for cookie in [
        signed_in(&harness, &colleague).await,
        signed_in(&harness, &harness.theirs.caller).await,
        format!("{ours}; {ours}"),
        ours.replace("__Host-session", "session"),
        format!("{ours}0"),
    ] {
        assert!(!open(&cookie, None).await, "{cookie}");
    }
    // A browser that opens it by itself uses nothing up.
    assert!(!open(&ours, Some(("sec-purpose", "prefetch"))).await);
    let revoke = |at: Option<Timestamp>| {
        sql("UPDATE sessions SET revoked_at = $2 WHERE user_id = $1")
            .bind(harness.ours.caller.user)
            .bind(at)
            .across_tenants("a test")
    };
    ports.sql.execute(revoke(Some(ports.now()))).await.expect("ends");
    assert!(!open(&ours, None).await, "the session has ended");
    ports.sql.execute(revoke(None)).await.expect("goes on");
    assert!(open(&ours, None).await);
    // The link is used up as it is by a click.
    harness.call(Method::GET, &format!("/oauth/start?token={token}")).send().await.with_status(404);
}

#[tokio::test]
async fn whoever_may_not_connect_any_more_connects_nothing() {
    // Leaving the organisation ends one's own, ceasing to be an admin a project's.
    for (shared, before, after) in [(false, "member", None), (true, "admin", Some("member"))] {
        let (harness, http) = harness(good()).await;
        let (ports, ours) = (&harness.api.ports, &harness.ours.caller);
        let project = if shared { Some(project(ports, ours.organization).await) } else { None };
        let user = colleague(ports, ours).await;
        set_role(ports, &user, Some(before)).await;
        let user = Caller { role: if shared { Role::Admin } else { Role::Member }, ..user };
        let (_, unused) = begin_as(&harness, &user, project).await;
        let (connection, token) = begin_as(&harness, &user, project).await;
        let sent = follow(&harness, &token).await;

        set_role(ports, &user, after).await;
        harness.call(Method::GET, &format!("/oauth/start?token={unused}")).send().await.with_status(403);
        come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(403);
        assert_eq!(reasons(&harness).await, ["not_allowed"]);
        let admin = Caller { role: Role::Admin, ..ours.clone() };
        let now = find(ports, &admin, connection.id, &correlation()).await.expect("is there").state;
        assert_eq!((now, http.sent().len()), (State::Pending, 0));
    }
}
