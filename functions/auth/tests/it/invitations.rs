//! Invitations: by mail, by the page where the mail leads, and by whoever brings the link.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_function_auth::{describe, router};
use bulkhead_identity::{Letter, MailTerms, claim_mail, mail_sent};
use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Answer, Fixture, Harness, variables};
use http::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/organization/invitations";
const PASSWORD: &str = "a horse, a battery, a staple";
const OURS: &str = "https://bulkhead.example.com";
const FORM: &str = "application/x-www-form-urlencoded";
const TERMS: MailTerms = MailTerms { lease: Duration::from_secs(60), retry: Duration::from_secs(30) };

/// Ada's organisation. People are known by the first part of their address, and by access tokens.
struct Scene {
    harness: Harness,
    fixture: Fixture,
    clock: Arc<ManualClock>,
    ada: String,
}

impl Scene {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::default());
        Self::over(Fixture::start(clock.clone()).await, clock).await
    }

    async fn start_on_postgres() -> Self {
        let clock = Arc::new(ManualClock::default());
        Self::over(Fixture::start_on_postgres(clock.clone()).await, clock).await
    }

    async fn over(fixture: Fixture, clock: Arc<ManualClock>) -> Self {
        let mut harness = Harness::start(router, describe()).await;
        harness.api.ports = fixture.ports.clone();
        let mut scene = Self { harness, fixture, clock, ada: String::new() };
        scene.ada = scene.sign_up("ada", "engines", "Analytical Engines").await;
        scene
    }

    /// Somebody's account with an organisation of their own. The mail about their address is read.
    async fn sign_up(&self, name: &str, slug: &str, organization: &str) -> String {
        let body = json!({
            "email": format!("{name}@example.com"), "password": PASSWORD, "name": name,
            "organization": { "slug": slug, "name": organization },
        });
        let made = self.harness.call(Method::POST, "/v1/auth/sign-up").json(&body).send().await.with_status(200);
        assert_eq!(self.mail().await.expect("a mail").subject, "Confirm your address");
        access(&made)
    }

    /// Somebody who comes to Ada's organisation by an invitation, without a word of their mails.
    async fn join(&self, name: &str, role: &str) -> String {
        let body = json!({ "email": format!("{name}@example.com"), "role": role, "show_link": true });
        let token = text(&self.post(&self.ada, PATH, body).await.with_status(201).json, "token");
        let body = json!({ "token": token, "name": name, "password": PASSWORD });
        let call = self.harness.call(Method::POST, "/v1/auth/sign-up/invited").json(&body);
        let joined = call.send().await.with_status(200);
        while self.mail().await.is_some() {}
        access(&joined)
    }

    async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.harness.call(Method::POST, path).key(who).json(&body).send().await
    }

    async fn get(&self, who: &str, path: &str) -> Answer {
        self.harness.call(Method::GET, path).key(who).send().await
    }

    async fn delete(&self, who: &str, path: &str) -> Answer {
        self.harness.call(Method::DELETE, path).key(who).send().await
    }

    async fn invite(&self, who: &str, email: &str, role: &str) -> Answer {
        self.post(who, PATH, json!({ "email": email, "role": role })).await
    }

    /// A mailed invitation: its id, and the token of its link.
    async fn mailed(&self, email: &str) -> (String, String) {
        let issued = self.invite(&self.ada, email, "member").await.with_status(201);
        (text(&issued.json["invitation"], "id"), token(&self.mail().await.expect("a mail")))
    }

    async fn accept(&self, who: &str, token: &str) -> Answer {
        self.post(who, "/v1/invitations/accept", json!({ "token": token })).await
    }

    async fn resend(&self, who: &str, id: &str) -> Answer {
        self.post(who, &format!("{PATH}/{id}/resend"), json!({})).await
    }

    /// The next mail, which is sent by that.
    async fn mail(&self) -> Option<Letter> {
        let (ports, key) = (&self.harness.api.ports, self.harness.api.identity_key().await.expect("a key"));
        let due = claim_mail(ports, &key, &TERMS).await.expect("an outbox")?;
        mail_sent(ports, &due).await.expect("is sent");
        Some(due.letter)
    }

    /// The cookie and the form's token of a browser in which somebody signs in.
    async fn browser(&self, name: &str) -> (String, String) {
        let email = format!("{name}@example.com");
        let answer = self.submit("/sign-in", &[("email", &email), ("password", PASSWORD)], None).await.with_status(200);
        cookies(&answer)
    }

    async fn open(&self, token: &str, cookie: Option<&str>) -> Answer {
        let call = self.harness.call(Method::GET, &format!("/invitations?token={token}"));
        let call = if let Some(cookie) = cookie { call.header("cookie", cookie) } else { call };
        call.send().await
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)], cookie: Option<&str>) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = self.harness.call(Method::POST, path).header("origin", OURS).body(FORM, form);
        let call = if let Some(cookie) = cookie { call.header("cookie", cookie) } else { call };
        call.send().await
    }

    async fn change(&self, statement: &'static str) {
        self.harness.api.ports.sql.execute(sql(statement).across_tenants("a test")).await.expect("changes");
    }

    fn limit(&mut self, limits: &str) {
        // Only what is not signed or sealed goes on after this.
        let mut changed = variables();
        changed.insert("credential_limits".to_owned(), Secret::new(limits.to_owned()));
        self.harness.api.variables = Arc::new(changed);
    }
}

fn access(answer: &Answer) -> String {
    text(&answer.json, "access_token")
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().expect("text").to_owned()
}

fn token(letter: &Letter) -> String {
    let link = letter.text.split("/invitations?token=").nth(1).and_then(|rest| rest.lines().next());
    link.expect("a link").to_owned()
}

fn cookies(answer: &Answer) -> (String, String) {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text"));
    let pairs: Vec<_> = cookies.map(|cookie| cookie.split(';').next().expect("a pair").to_owned()).collect();
    let csrf = pairs[1].strip_prefix("__Host-csrf=").expect("the second cookie").to_owned();
    (pairs.join("; "), csrf)
}

async fn whoever_has_no_account_signs_up_on_the_page(scene: Scene) {
    let issued = scene.invite(&scene.ada, "Grace@Example.com", "admin").await.with_status(201);
    // The link goes to whom it is for, and to nobody else.
    assert_eq!(issued.json.as_object().map(|body| body.keys().cloned().collect()), Some(vec!["invitation".to_owned()]));
    let letter = scene.mail().await.expect("a mail");
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), ("grace@example.com", "You are invited"));
    for words in
        ["\"ada\" invites you", "\"Analytical Engines\"", "within 7 days", &format!("{OURS}/invitations?token=bhi_")]
    {
        assert!(letter.text.contains(words), "{words}: {}", letter.text);
    }
    let id = text(&issued.json["invitation"], "id");
    let again =
        scene.post(&scene.ada, &format!("{PATH}/{id}/resend"), json!({ "show_link": true })).await.with_status(200);
    let second = token(&scene.mail().await.expect("another mail"));
    assert_eq!(text(&again.json, "token"), second);
    assert_eq!(text(&again.json, "link"), format!("{OURS}/invitations?token={second}"));
    assert!(scene.open(&token(&letter), None).await.with_status(404).is_page());

    let page = scene.open(&second, None).await.with_status(200);
    for words in
        ["ada", "Analytical Engines", "grace@example.com", "admin", "/sign-in?next=%2Finvitations%3Ftoken%3Dbhi_"]
    {
        assert!(page.is_page() && page.text.contains(words), "{words}: {}", page.text);
    }
    let form = |password| [("token", second.as_str()), ("name", "<b>Grace"), ("password", password)];
    let weak = scene.submit("/invitations/sign-up", &form("short"), None).await.with_status(422);
    assert!(weak.text.contains("role=\"alert\"") && weak.text.contains("name=\"password\""), "{}", weak.text);
    let joined = scene.submit("/invitations/sign-up", &form(PASSWORD), None).await.with_status(200);
    assert!(joined.text.contains("Analytical Engines"), "{}", joined.text);
    let (cookie, _) = cookies(&joined);
    let listed = scene.harness.call(Method::GET, PATH).header("cookie", &cookie).send().await.with_status(200);
    assert_eq!(listed.json["items"], json!([]));
    // Who has the link need not have the mail: the address is proven apart.
    let letter = scene.mail().await.expect("a mail");
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), ("grace@example.com", "Confirm your address"));
    scene.submit("/invitations/sign-up", &form(PASSWORD), None).await.with_status(404);
    scene.open(&second, Some(&cookie)).await.with_status(404);
    assert!(scene.mail().await.is_none());
}

#[tokio::test]
async fn whoever_has_no_account_signs_up_on_the_page_on_sqlite() {
    whoever_has_no_account_signs_up_on_the_page(Scene::start().await).await;
}

#[tokio::test]
async fn whoever_has_no_account_signs_up_on_the_page_on_postgres() {
    whoever_has_no_account_signs_up_on_the_page(Scene::start_on_postgres().await).await;
}

async fn whoever_has_an_account_accepts_on_the_page(scene: Scene) {
    scene.sign_up("grace", "compilers", "Compilers").await;
    scene.sign_up("eve", "evil", "Evil").await;
    let (_, invited) = scene.mailed("grace@example.com").await;
    let ((cookie, csrf), (eves, eves_csrf)) = (scene.browser("grace").await, scene.browser("eve").await);
    let page = scene.open(&invited, Some(&cookie)).await.with_status(200);
    assert!(page.text.contains(&csrf) && !page.text.contains("name=\"password\""), "{}", page.text);

    // Nobody is signed in: to where they can, and back.
    let fields = [("csrf", csrf.as_str()), ("token", invited.as_str())];
    let redirect = scene.submit("/invitations", &fields, None).await.with_status(303);
    assert!(redirect.header("location").starts_with("/sign-in?next=%2Finvitations%3Ftoken%3Dbhi_"));
    // Not by somebody else's page, nor by somebody else.
    scene
        .submit("/invitations", &[("csrf", &eves_csrf), ("token", &invited)], Some(&cookie))
        .await
        .refused(403, "cross-site");
    let call = scene.harness.call(Method::POST, "/invitations").header("origin", "https://evil.example");
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    call.header("cookie", &cookie).body(FORM, form).send().await.refused(403, "cross-site");
    let hers = scene.submit("/invitations", &[("csrf", &eves_csrf), ("token", &invited)], Some(&eves)).await;
    assert!(hers.with_status(403).text.contains("another e-mail address"));
    // Her own address is not proven yet.
    scene.submit("/invitations", &fields, Some(&cookie)).await.with_status(403);
    scene.change("UPDATE users SET email_verified_at = 1 WHERE email = 'grace@example.com'").await;
    for _ in 0..2 {
        let joined = scene.submit("/invitations", &fields, Some(&cookie)).await.with_status(200);
        assert!(joined.text.contains("Analytical Engines"), "{}", joined.text);
    }
    scene.submit("/invitations", &[("csrf", &eves_csrf), ("token", &invited)], Some(&eves)).await.with_status(404);
    let (_, again) = scene.mailed("eve@example.com").await;
    let form = [("token", again.as_str()), ("name", "Eve"), ("password", PASSWORD)];
    let exists = scene.submit("/invitations/sign-up", &form, None).await.with_status(409);
    assert!(exists.text.contains("role=\"alert\"") && exists.text.contains("/sign-in?next="), "{}", exists.text);
}

#[tokio::test]
async fn whoever_has_an_account_accepts_on_the_page_on_sqlite() {
    whoever_has_an_account_accepts_on_the_page(Scene::start().await).await;
}

#[tokio::test]
async fn whoever_has_an_account_accepts_on_the_page_on_postgres() {
    whoever_has_an_account_accepts_on_the_page(Scene::start_on_postgres().await).await;
}

#[tokio::test]
async fn nobody_invites_for_more_than_they_may_nor_somebody_who_is_there() {
    let scene = Scene::start().await;
    let (admin, member) = (scene.join("admin", "admin").await, scene.join("member", "member").await);
    scene.invite(&member, "x@example.com", "member").await.refused(403, "insufficient-role");
    scene.invite(&admin, "x@example.com", "owner").await.refused(403, "insufficient-role");
    scene.invite(&admin, "member@example.com", "member").await.refused(409, "already-member");
    assert_eq!(scene.invite(&admin, "nobody", "member").await.refused(422, "invalid-body").faults(), ["/email"]);
    scene.get(&member, PATH).await.refused(403, "insufficient-role");
    assert!(scene.mail().await.is_none(), "what is refused mails nobody");

    let owner = scene.invite(&scene.ada, "x@example.com", "owner").await.with_status(201);
    let id = text(&owner.json["invitation"], "id");
    scene.resend(&member, &id).await.refused(403, "insufficient-role");
    scene.resend(&admin, &id).await.refused(403, "insufficient-role");
    assert_eq!(scene.mail().await.expect("a mail").to, "x@example.com");
    let eve = scene.sign_up("eve", "evil", "Evil").await;
    scene.resend(&eve, &id).await.refused(404, "unknown-invitation");
    scene.delete(&eve, &format!("{PATH}/{id}")).await.refused(404, "unknown-invitation");
    assert_eq!(scene.get(&eve, PATH).await.with_status(200).json["items"], json!([]));
    assert!(scene.mail().await.is_none());
    scene.resend(&scene.ada, &id).await.with_status(200);
}

#[tokio::test]
async fn nobody_invites_by_a_credential_that_is_less_than_they_are() {
    let scene = Scene::start().await;
    let id = text(&scene.invite(&scene.ada, "x@example.com", "member").await.with_status(201).json["invitation"], "id");
    let into = "UPDATE memberships SET role = 'owner', organization_id = (SELECT id FROM organizations WHERE slug = 'engines') \
                WHERE user_id = (SELECT id FROM users WHERE name = 'ours')";
    scene.change(into).await;
    let engines = "organization_id = (SELECT id FROM organizations WHERE slug = 'engines')";
    let set = async |table: &str, change: &str| {
        let statement = sql(format!("UPDATE {table} SET {change}")).across_tenants("a test");
        scene.harness.api.ports.sql.execute(statement).await.expect("changes");
    };
    let key = &scene.fixture.ours.key;
    let send = async |who: &str, path: &str, body: Value| {
        scene.harness.call(Method::POST, path).key(who).from("10.0.0.1").json(&body).send().await
    };
    while scene.mail().await.is_some() {}
    let mut refusals = 0;
    let mut refuse = async |who: &str| {
        for role in ["owner", "member"] {
            let body = json!({ "email": "evil@example.com", "role": role, "show_link": true });
            send(who, PATH, body).await.refused(403, "sign-in-required");
        }
        send(who, &format!("{PATH}/{id}/resend"), json!({ "show_link": true })).await.refused(403, "sign-in-required");
        refusals += 3;
        let told = "SELECT id FROM action_logs WHERE outcome = 'refused' AND action LIKE 'invitation.%'";
        let told = scene.harness.api.ports.sql.query(sql(told).across_tenants("a test")).await.expect("reads");
        assert_eq!(told.len(), refusals);
        assert!(scene.mail().await.is_none());
    };
    for (narrower, whole) in
        [("scopes = 'organization'", "scopes = NULL"), ("networks = '10.0.0.0/8'", "networks = NULL")]
    {
        set("api_keys", &format!("{engines}, {narrower}")).await;
        refuse(key).await;
        set("api_keys", whole).await;
    }
    send(key, PATH, json!({ "email": "y@example.com", "role": "owner" })).await.with_status(201);
    scene.mail().await.expect("a mail");
    for scopes in ["NULL", "'organization'"] {
        set("sessions", &format!("client_id = 'client', scopes = {scopes}")).await;
        refuse(&scene.ada).await;
    }
}

#[tokio::test]
async fn what_is_over_can_neither_be_seen_nor_taken_nor_mailed() {
    let scene = Scene::start().await;
    scene.sign_up("grace", "compilers", "Compilers").await;
    scene.change("UPDATE users SET email_verified_at = 1 WHERE email = 'grace@example.com'").await;
    let grace = {
        let body = json!({ "email": "grace@example.com", "password": PASSWORD });
        access(&scene.harness.call(Method::POST, "/v1/auth/sign-in").json(&body).send().await.with_status(200))
    };
    let over = async |token: &str| {
        scene.accept(&grace, token).await.refused(404, "unknown-invitation");
        scene.open(token, None).await.with_status(404);
    };
    // Replaced by another one for the same address.
    let (first_id, first) = scene.mailed("grace@example.com").await;
    let (id, second) = scene.mailed("grace@example.com").await;
    over(&first).await;
    scene.resend(&scene.ada, &first_id).await.refused(404, "unknown-invitation");
    // Taken back.
    for _ in 0..2 {
        scene.delete(&scene.ada, &format!("{PATH}/{id}")).await.with_status(204);
    }
    over(&second).await;
    scene.resend(&scene.ada, &id).await.refused(404, "unknown-invitation");
    // Given by somebody who may no longer, or of an organisation that is gone.
    let (_, third) = scene.mailed("grace@example.com").await;
    for (change, back) in [
        (
            "UPDATE memberships SET role = 'member' WHERE user_id = (SELECT id FROM users WHERE name = 'ada')",
            "UPDATE memberships SET role = 'owner' WHERE user_id = (SELECT id FROM users WHERE name = 'ada')",
        ),
        (
            "UPDATE organizations SET deleted_at = 1 WHERE slug = 'engines'",
            "UPDATE organizations SET deleted_at = NULL",
        ),
    ] {
        scene.change(change).await;
        over(&third).await;
        scene.change(back).await;
    }
    for nonsense in ["bhi_", &format!("bhi_{}", "0".repeat(64))] {
        over(nonsense).await;
    }
    scene.accept(&grace, "").await.refused(404, "unknown-invitation");
    // Taken.
    scene.accept(&grace, &third).await.with_status(200);
    let member = scene.join("member", "member").await;
    scene.accept(&member, &third).await.refused(404, "unknown-invitation");
    let mailed = scene.get(&scene.ada, PATH).await.with_status(200);
    assert_eq!(mailed.json["items"], json!([]));
}

#[tokio::test]
async fn one_that_has_expired_is_good_again_once_it_is_mailed_again() {
    let scene = Scene::start().await;
    let (id, token) = scene.mailed("grace@example.com").await;
    let sign_up = async |token: &str| {
        let body = json!({ "token": token, "name": "Grace", "password": PASSWORD });
        scene.harness.call(Method::POST, "/v1/auth/sign-up/invited").json(&body).send().await
    };
    scene.clock.advance(Duration::from_secs(7 * 24 * 60 * 60) - Duration::from_millis(1));
    scene.open(&token, None).await.with_status(200);
    scene.clock.advance(Duration::from_millis(1));
    scene.open(&token, None).await.with_status(404);
    sign_up(&token).await.refused(404, "unknown-invitation");
    // Ada's own token has expired as well.
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let ada = scene.harness.call(Method::POST, "/v1/auth/sign-in").json(&body).send().await.with_status(200);
    scene.resend(&access(&ada), &id).await.with_status(200);
    let next = self::token(&scene.mail().await.expect("a mail"));
    sign_up(&token).await.refused(404, "unknown-invitation");
    sign_up(&next).await.with_status(200);
}

#[tokio::test]
async fn an_invitation_is_taken_by_somebody_who_signed_in_alone() {
    let scene = Scene::start().await;
    let (_, token) = scene.mailed("theirs@example.com").await;
    scene.accept(&scene.fixture.theirs.key, &token).await.refused(403, "sign-in-required");
    let call = scene.harness.call(Method::POST, "/v1/invitations/accept").json(&json!({ "token": token }));
    call.send().await.refused(401, "unauthenticated");
    let narrow = "UPDATE sessions SET client_id = 'client'";
    scene.change(narrow).await;
    scene.accept(&scene.ada, &token).await.refused(403, "sign-in-required");
}

#[tokio::test]
async fn neither_the_token_nor_the_mail_can_be_read_in_the_database() {
    let scene = Scene::start().await;
    scene.invite(&scene.ada, "grace@example.com", "member").await.with_status(201);
    let mut kept = String::new();
    for query in ["SELECT * FROM invitations", "SELECT * FROM mails", "SELECT * FROM action_logs"] {
        let rows = scene.harness.api.ports.sql.query(sql(query).across_tenants("a test")).await.expect("reads");
        assert!(!rows.is_empty(), "{query}");
        for row in &rows {
            kept.push_str(&format!("{:?}", row.values()));
        }
    }
    let letter = scene.mail().await.expect("a mail");
    assert!(kept.contains("grace@example.com"));
    assert!(!kept.contains(&token(&letter)["bhi_".len()..]) && !kept.contains("invites you"));
    assert!(!format!("{letter:?}").contains("grace") && !format!("{letter:?}").contains("bhi_"));
}

#[tokio::test]
async fn who_invites_and_who_is_invited_have_limits() {
    let mut scene = Scene::start().await;
    scene.change("UPDATE memberships SET role = 'admin'").await;
    scene.limit("invitation-user=3/60 invitation-recipient=1/60");
    let (ours, theirs) = (scene.fixture.ours.key.clone(), scene.fixture.theirs.key.clone());
    let first = scene.invite(&ours, "grace@example.com", "member").await.with_status(201);
    assert_eq!(first.header("ratelimit-policy"), "\"invitation-user\";q=3;w=60");
    // An address gets so many, whoever sends them.
    let refused = scene.invite(&theirs, "GRACE@example.com", "member").await.refused(429, "too-many-requests");
    assert_eq!(refused.header("ratelimit-policy"), "\"invitation-recipient\";q=1;w=60");
    let id = text(&first.json["invitation"], "id");
    let refused = scene.resend(&ours, &id).await.refused(429, "too-many-requests");
    assert_eq!(refused.header("ratelimit-policy"), "\"invitation-recipient\";q=1;w=60");
    // Somebody sends so many, to whomever.
    scene.invite(&ours, "b@example.com", "member").await.with_status(201);
    let refused = scene.invite(&ours, "c@example.com", "member").await.refused(429, "too-many-requests");
    assert_eq!(refused.header("ratelimit-policy"), "\"invitation-user\";q=3;w=60");
    scene.resend(&ours, &id).await.refused(429, "too-many-requests");
}

#[tokio::test]
async fn an_address_tries_so_many_links_and_then_waits() {
    let mut scene = Scene::start().await;
    let (_, token) = scene.mailed("grace@example.com").await;
    scene.limit("token-address=1/60");
    scene.open("bhi_", None).await.with_status(404);
    let refused = scene.open(&token, None).await.with_status(429);
    assert!(refused.is_page() && !refused.header("retry-after").is_empty());
    assert!(!refused.text.contains("Analytical Engines"));
}

#[tokio::test]
async fn how_long_an_invitation_lasts_is_the_operators_to_say() {
    let clock = Arc::new(ManualClock::default());
    let fixture = Fixture::start(clock.clone()).await;
    let mut harness = Harness::start(router, describe()).await;
    let mut changed = variables();
    changed.insert("lifetimes".to_owned(), Secret::new("invitation=2d".to_owned()));
    harness.api.variables = Arc::new(changed);
    harness.api.ports = fixture.ports.clone();
    let mut scene = Scene { harness, fixture, clock, ada: String::new() };
    scene.ada = scene.sign_up("ada", "engines", "Analytical Engines").await;
    scene.invite(&scene.ada, "bea@example.com", "member").await.with_status(201);
    let lasts = sql("SELECT expires_at - created_at AS lifetime FROM invitations").across_tenants("a test");
    let row = scene.harness.api.ports.sql.query_optional(lasts).await.expect("reads").expect("an invitation");
    assert_eq!(row.get("lifetime"), Ok(2 * 24 * 60 * 60 * 1000_i64));
}
