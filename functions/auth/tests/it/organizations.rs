//! Acting in another organisation, and coming to one by invitation.

use std::sync::Arc;

use bulkhead_function_auth::{describe, router};
use bulkhead_identity::{CredentialLimits, InvitationMail, InvitationTerms, create_invitation};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, Role, Secret};
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "a horse, a battery, a staple";

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

async fn post(harness: &Harness, token: Option<&str>, path: &str, body: Value) -> Answer {
    let call = harness.call(Method::POST, path);
    let call = if let Some(token) = token { call.key(token) } else { call };
    call.json(&body).send().await
}

/// An account of Ada's, in her own organisation, and in ours as a member.
async fn ada(harness: &Harness) -> Answer {
    let body = json!({
        "email": "ada@example.com", "password": PASSWORD, "name": "Ada",
        "organization": { "slug": "engines", "name": "Analytical Engines" },
    });
    let answer = post(harness, None, "/v1/auth/sign-up", body).await.with_status(200);
    let join = sql("INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT $1, id, 'member', 1 \
                    FROM users WHERE name = 'Ada'")
    .across_tenants("a test");
    harness.api.ports.sql.execute(join.bind(harness.ours.caller.organization)).await.expect("joins");
    answer
}

fn access(answer: &Answer) -> &str {
    answer.json["access_token"].as_str().expect("an access token")
}

async fn switch(harness: &Harness, token: &str, slug: &str) -> Answer {
    post(harness, Some(token), "/v1/auth/switch", json!({ "organization": slug })).await
}

async fn sessions(harness: &Harness, token: &str) -> Answer {
    harness.call(Method::GET, "/v1/auth/sessions").key(token).send().await
}

#[tokio::test]
async fn a_session_goes_to_another_organization_with_new_tokens() {
    let harness = harness().await;
    let first = ada(&harness).await;
    let second = switch(&harness, access(&first), "ours").await.with_status(200);
    assert_eq!(second.json["organization"], harness.ours.caller.organization.to_string());
    assert_eq!(second.json["session"], first.json["session"]);
    sessions(&harness, access(&first)).await.refused(401, "unauthenticated");
    let listed = sessions(&harness, access(&second)).await.with_status(200);
    assert_eq!(listed.json["items"][0]["organization"], second.json["organization"]);
    let refresh = json!({ "refresh_token": second.json["refresh_token"] });
    let third = post(&harness, None, "/v1/auth/refresh", refresh).await.with_status(200);
    assert_eq!(third.json["organization"], second.json["organization"]);
    // The old one is used up: whoever still uses it ends the session.
    let old = json!({ "refresh_token": first.json["refresh_token"] });
    post(&harness, None, "/v1/auth/refresh", old).await.refused(401, "invalid-grant");
    sessions(&harness, access(&third)).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_goes_where_they_do_not_belong_or_without_a_sign_in() {
    let harness = harness().await;
    let first = ada(&harness).await;
    for slug in ["theirs", "nowhere", ""] {
        switch(&harness, access(&first), slug).await.refused(403, "no-organization");
    }
    switch(&harness, &harness.ours.key, "ours").await.refused(403, "sign-in-required");
    harness
        .api
        .ports
        .sql
        .execute(sql("UPDATE sessions SET client_id = 'client'").across_tenants("a test"))
        .await
        .expect("a client's");
    switch(&harness, access(&first), "ours").await.refused(403, "sign-in-required");
    sessions(&harness, access(&first)).await.with_status(200);
    harness
        .api
        .ports
        .sql
        .execute(sql("UPDATE sessions SET scopes = 'tools'").across_tenants("a test"))
        .await
        .expect("narrows");
    switch(&harness, access(&first), "ours").await.refused(403, "insufficient-scope");
}

async fn invite(harness: &Harness) -> String {
    let caller = Caller { role: Role::Admin, ..harness.ours.caller.clone() };
    let admin =
        sql("UPDATE memberships SET role = 'admin' WHERE user_id = $1").bind(caller.user).across_tenants("a test");
    harness.api.ports.sql.execute(admin).await.expect("an admin");
    let correlation = CorrelationId::parse("invite").expect("sane");
    let (terms, ports) = (InvitationTerms::default(), &harness.api.ports);
    let (key, limits) = (harness.api.identity_key().await.expect("a key"), CredentialLimits::default());
    let mail = InvitationMail { key: &key, public_url: "https://bulkhead.example.com", limits: &limits };
    let issued =
        create_invitation(ports, &caller, &terms, &mail, "grace@example.com", Role::Member, &correlation).await;
    issued.expect("invites").token.expose().to_owned()
}

async fn join(harness: &Harness, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "name": "Grace", "password": password });
    post(harness, None, "/v1/auth/sign-up/invited", body).await
}

#[tokio::test]
async fn who_is_invited_signs_up_once_also_where_that_is_closed() {
    let mut harness = harness().await;
    let mut closed = bulkhead_testkit::functions::variables();
    closed.insert("sign_up".to_owned(), Secret::new("closed".to_owned()));
    harness.api.variables = Arc::new(closed);
    let token = invite(&harness).await;
    assert_eq!(join(&harness, &token, "short").await.refused(422, "invalid-body").faults(), ["/password"]);
    let joined = join(&harness, &token, PASSWORD).await.with_status(200);
    assert_eq!(joined.json["organization"], harness.ours.caller.organization.to_string());
    sessions(&harness, access(&joined)).await.with_status(200);
    let sign_in = json!({ "email": "grace@example.com", "password": PASSWORD });
    post(&harness, None, "/v1/auth/sign-in", sign_in).await.with_status(200);
    for used in [&token, "bhi_", ""] {
        join(&harness, used, PASSWORD).await.refused(404, "unknown-invitation");
    }
}

#[tokio::test]
async fn who_has_an_account_signs_in_instead() {
    let harness = harness().await;
    let token = invite(&harness).await;
    harness
        .api
        .ports
        .sql
        .execute(sql("UPDATE users SET email = 'grace@example.com' WHERE name = 'theirs'"))
        .await
        .expect("renames");
    join(&harness, &token, PASSWORD).await.refused(409, "account-exists");
}
