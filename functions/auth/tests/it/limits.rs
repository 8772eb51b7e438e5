//! How often somebody may try.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_function_auth::{describe, router};
use bulkhead_identity::{CredentialLimits, Exceeded, Limit, take};
use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Answer, Fixture, Harness, variables};
use http::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "a horse, a battery, a staple";
const ADA: &str = "ada@example.com";
const HOME: &str = "10.0.0.1:4711";
const AWAY: &str = "10.6.6.6:4711";

/// A function with these limits, a clock that stands still, and an account that was made at home.
async fn harness(limits: &str) -> (Harness, Arc<ManualClock>) {
    let mut harness = Harness::start(router, describe()).await;
    let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
    harness.api.ports.clock = clock.clone();
    let body = json!({
        "email": ADA, "password": PASSWORD, "name": "Ada",
        "organization": { "slug": "engines", "name": "Analytical Engines" },
    });
    let made = post(&harness, "sign-up", HOME, body).await;
    assert_eq!(made.status, 200, "{}", made.json);
    let mut changed = variables();
    changed.insert("credential_limits".to_owned(), Secret::new(limits.to_owned()));
    harness.api.variables = Arc::new(changed);
    (harness, clock)
}

async fn post(harness: &Harness, what: &str, address: &str, body: Value) -> Answer {
    let call = harness.call(Method::POST, &format!("/v1/auth/{what}"));
    call.header("spin-client-addr", address).json(&body).send().await
}

async fn sign_in(harness: &Harness, address: &str, email: &str, password: &str) -> Answer {
    post(harness, "sign-in", address, json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn an_address_may_try_so_often_and_then_waits() {
    let (harness, clock) = harness("sign-in-address=3/60").await;
    for left in [2, 1, 0] {
        let answer = sign_in(&harness, AWAY, &format!("{left}@example.com"), PASSWORD).await;
        let answer = answer.refused(401, "wrong-credentials");
        assert_eq!(answer.header("ratelimit-policy"), "\"sign-in-address\";q=3;w=60");
        assert_eq!(answer.header("ratelimit"), format!("\"sign-in-address\";r={left};t={}", 60 - 20 * left));
    }
    for _ in 0..3 {
        let refused = sign_in(&harness, AWAY, ADA, PASSWORD).await.refused(429, "too-many-requests");
        assert_eq!(refused.header("retry-after"), "20");
        assert_eq!(refused.header("ratelimit"), "\"sign-in-address\";r=0;t=60");
    }
    // Nobody else waits.
    assert_eq!(sign_in(&harness, HOME, ADA, PASSWORD).await.status, 200);
    clock.advance(Duration::from_secs(20) - Duration::from_millis(1));
    assert_eq!(sign_in(&harness, AWAY, ADA, PASSWORD).await.status, 429);
    clock.advance(Duration::from_millis(1));
    assert_eq!(sign_in(&harness, AWAY, ADA, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&harness, AWAY, ADA, PASSWORD).await.status, 429);
}

#[tokio::test]
async fn an_account_is_tried_so_often_from_strange_addresses_together_and_from_its_own_apart() {
    let (harness, _) = harness("sign-in-account=2/60").await;
    for email in [ADA, "nobody@example.com"] {
        for address in ["10.6.6.1:1", "10.6.6.2:1"] {
            sign_in(&harness, address, email, "a wrong password").await.refused(401, "wrong-credentials");
        }
        let refused = sign_in(&harness, "10.6.6.3:1", email, PASSWORD).await.refused(429, "too-many-requests");
        assert_eq!(refused.header("ratelimit-policy"), "\"sign-in-account\";q=2;w=60");
        assert_eq!(refused.header("retry-after"), "30");
    }
    assert_eq!(sign_in(&harness, HOME, ADA, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&harness, HOME, ADA, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&harness, HOME, ADA, PASSWORD).await.status, 429);
}

#[tokio::test]
async fn wrong_passwords_make_an_account_wait_ever_longer_but_not_for_ever() {
    let (harness, clock) = harness("sign-in-account=1000/1 lockout=3/30/100").await;
    for _ in 0..2 {
        sign_in(&harness, AWAY, ADA, "a wrong password").await.refused(401, "wrong-credentials");
    }
    for seconds in [30, 60, 100, 100] {
        sign_in(&harness, AWAY, ADA, "a wrong password").await.refused(401, "wrong-credentials");
        let wrong = sign_in(&harness, AWAY, ADA, "a wrong password").await.refused(429, "too-many-requests");
        let right = sign_in(&harness, AWAY, ADA, PASSWORD).await.refused(429, "too-many-requests");
        assert_eq!(wrong.header("retry-after"), seconds.to_string());
        assert_eq!(wrong.json["detail"], right.json["detail"]);
        // Asking while one waits makes it no longer.
        clock.advance(Duration::from_secs(seconds) - Duration::from_millis(1));
        assert_eq!(sign_in(&harness, AWAY, ADA, PASSWORD).await.header("retry-after"), "1");
        clock.advance(Duration::from_millis(1));
    }
    assert_eq!(sign_in(&harness, AWAY, ADA, PASSWORD).await.status, 200);
    // The right one makes up for the wrong ones.
    for _ in 0..2 {
        sign_in(&harness, AWAY, ADA, "a wrong password").await.refused(401, "wrong-credentials");
        assert_eq!(sign_in(&harness, AWAY, ADA, PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn a_stranger_locks_nobody_out_of_where_they_have_signed_in_before() {
    let (harness, _) = harness("lockout=1/900/900").await;
    for email in [ADA, "nobody@example.com"] {
        sign_in(&harness, AWAY, email, "a wrong password").await.refused(401, "wrong-credentials");
        sign_in(&harness, "10.7.7.7:1", email, PASSWORD).await.refused(429, "too-many-requests");
    }
    assert_eq!(sign_in(&harness, HOME, ADA, PASSWORD).await.status, 200);
    sign_in(&harness, HOME, ADA, "a wrong password").await.refused(401, "wrong-credentials");
    sign_in(&harness, HOME, ADA, PASSWORD).await.refused(429, "too-many-requests");
}

#[tokio::test]
async fn the_other_ways_in_have_limits_too() {
    let (harness, _) = harness("sign-up-address=1/60 refresh-address=1/60").await;
    let body = |slug: &str| {
        let email = format!("{slug}@example.com");
        json!({ "email": email, "password": PASSWORD, "name": "B", "organization": { "slug": slug, "name": "B" } })
    };
    assert_eq!(post(&harness, "sign-up", AWAY, body("b")).await.status, 200);
    post(&harness, "sign-up", AWAY, body("c")).await.refused(429, "too-many-requests");
    let token = json!({ "refresh_token": "bhr_" });
    post(&harness, "refresh", AWAY, token.clone()).await.refused(401, "invalid-grant");
    post(&harness, "refresh", AWAY, token.clone()).await.refused(429, "too-many-requests");
    post(&harness, "refresh", HOME, token).await.refused(401, "invalid-grant");
}

#[tokio::test]
async fn behind_a_proxy_its_header_tells_the_address() {
    let (mut harness, _) = harness("").await;
    let mut changed = variables();
    changed.insert("credential_limits".to_owned(), Secret::new("sign-in-address=1/60".to_owned()));
    changed.insert("client_address_header".to_owned(), Secret::new("X-Forwarded-For".to_owned()));
    harness.api.variables = Arc::new(changed);
    let from = async |forwarded: &str| {
        let call = harness.call(Method::POST, "/v1/auth/sign-in").header("x-forwarded-for", forwarded);
        let body = json!({ "email": "eve@example.com", "password": PASSWORD });
        call.header("spin-client-addr", HOME).json(&body).send().await.status
    };
    assert_eq!(from("10.0.0.7").await, 401);
    assert_eq!(from("10.9.9.9, 10.0.0.7").await, 429);
    assert_eq!(from("10.0.0.7, 10.9.9.9").await, 401);
}

#[tokio::test]
async fn limits_that_make_no_sense_are_the_operators_fault() {
    let (harness, _) = harness("sign-in-address=lots").await;
    sign_in(&harness, HOME, ADA, PASSWORD).await.refused(503, "misconfigured");
}

#[tokio::test]
async fn a_wrong_password_is_told_to_the_users_organization() {
    let (harness, _) = harness("").await;
    let refused = sign_in(&harness, AWAY, ADA, "a wrong password").await;
    sign_in(&harness, AWAY, "nobody@example.com", "a wrong password").await;
    let rows = sql("SELECT l.reason, l.correlation_id, o.slug FROM action_logs l \
                    JOIN organizations o ON o.id = l.organization_id WHERE l.outcome = 'refused'")
    .across_tenants("a test");
    let rows = harness.api.ports.sql.query(rows).await.expect("entries");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<String>("slug").as_deref(), Ok("engines"));
    assert_eq!(rows[0].get::<String>("reason").as_deref(), Ok("the password is wrong"));
    assert_eq!(rows[0].get::<String>("correlation_id").as_deref(), Ok(refused.header("x-correlation-id")));
}

/// Two pools of connections, as two processes have them: of many takers, exactly as many get one as there may be.
async fn across_processes(fixture: &Fixture, clock: Arc<ManualClock>) {
    let others = fixture.beside().await;
    let limits = CredentialLimits::parse("sign-in-address=5/60").expect("limits");
    let takers = (0..16).map(|n| {
        let ports = if n % 2 == 0 { fixture.ports.clone() } else { others.clone() };
        let limits = limits.clone();
        tokio::spawn(async move { take(&ports, &limits, Limit::SignInAddress, "10.0.0.1").await })
    });
    let taken = futures::future::join_all(takers).await;
    let taken: Vec<_> = taken.into_iter().map(|taken| taken.expect("no panic")).collect();
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 5, "{taken:?}");
    assert!(taken.iter().all(|taken| matches!(taken, Ok(_) | Err(Exceeded::TooMany { .. }))), "{taken:?}");
    // What nobody needs any more goes in time.
    clock.advance(Duration::from_secs(120));
    for n in 0..200 {
        take(&others, &limits, Limit::SignInAddress, &format!("10.0.1.{n}")).await.expect("takes");
    }
    let gone = sql("SELECT hash FROM throttles WHERE free_at < $1").bind(fixture.ports.now()).across_tenants("a test");
    assert!(others.sql.query(gone).await.expect("reads").is_empty());
}

/// Sessions and refresh tokens, by their names: what has ended is kept for a while, and then goes.
async fn ended_sessions_go_in_time(fixture: &Fixture, clock: Arc<ManualClock>) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let (ports, ours) = (&fixture.ports, &fixture.ours.caller);
    clock.advance(Duration::from_secs(400 * 24 * 60 * 60));
    let now = ports.now().as_millis();
    for (id, expires_at, revoked_at) in [
        ("goes on", now + DAY, None),
        ("expired lately", now - 90 * DAY + 1, None),
        ("expired", now - 90 * DAY, None),
        ("revoked lately", now + DAY, Some(now - 90 * DAY + 1)),
        ("revoked", now + DAY, Some(now - 90 * DAY)),
        ("with a token", now - 90 * DAY, None),
        ("with an old token", now - 90 * DAY, None),
    ] {
        let session = sql("INSERT INTO sessions (id, user_id, organization_id, audience, created_at, last_used_at, \
                           expires_at, revoked_at) VALUES ($1, $2, $3, 'x', 1, 1, $4, $5)");
        let session = session.bind(id).bind(ours.user).bind(ours.organization).bind(expires_at).bind(revoked_at);
        ports.sql.execute(session.of(ours.organization)).await.expect("a session");
    }
    for (hash, session, expires_at, used_at) in [
        ("good", "goes on", now + 1, None),
        ("used", "goes on", now + 1, Some(1)),
        ("old", "goes on", now, None),
        ("kept", "with a token", now + 1, Some(1)),
        ("oldest", "with an old token", now - DAY, Some(1)),
    ] {
        let token = sql("INSERT INTO refresh_tokens (hash, session_id, created_at, expires_at, used_at) \
                         VALUES ($1, $2, 1, $3, $4)");
        ports.sql.execute(token.bind(hash).bind(session).bind(expires_at).bind(used_at)).await.expect("a token");
    }
    for n in 0..300 {
        let limits = CredentialLimits::parse("sign-in-address=5/60").expect("limits");
        take(ports, &limits, Limit::SignInAddress, &format!("10.0.2.{n}")).await.expect("takes");
    }
    let left = async |text: &'static str| {
        let rows = ports.sql.query(sql(text).across_tenants("a test")).await.expect("reads");
        rows.iter().map(|row| row.get("name").expect("a name")).collect::<Vec<String>>()
    };
    assert_eq!(left("SELECT hash AS name FROM refresh_tokens ORDER BY hash").await, ["good", "kept", "used"]);
    let sessions = left("SELECT id AS name FROM sessions ORDER BY id").await;
    assert_eq!(sessions, ["expired lately", "goes on", "revoked lately", "with a token"]);
}

#[tokio::test]
async fn ended_sessions_go_in_time_on_sqlite() {
    let clock = Arc::new(ManualClock::default());
    ended_sessions_go_in_time(&Fixture::start(clock.clone()).await, clock).await;
}

#[tokio::test]
async fn ended_sessions_go_in_time_on_postgres() {
    let clock = Arc::new(ManualClock::default());
    ended_sessions_go_in_time(&Fixture::start_on_postgres(clock.clone()).await, clock).await;
}

#[tokio::test]
async fn a_limit_holds_across_processes_on_sqlite() {
    let clock = Arc::new(ManualClock::default());
    across_processes(&Fixture::start(clock.clone()).await, clock).await;
}

#[tokio::test]
async fn a_limit_holds_across_processes_on_postgres() {
    let clock = Arc::new(ManualClock::default());
    across_processes(&Fixture::start_on_postgres(clock.clone()).await, clock).await;
}
