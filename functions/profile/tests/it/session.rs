//! Signing in.

use bulkhead_identity::{Membership, NewSession, SessionOrigin, SessionTerms, open_session};
use bulkhead_kernel::{CorrelationId, Role, Scopes};
use bulkhead_testkit::functions::Harness;

/// The access token of our user's session: a sign-in, or what was granted to a client.
pub(crate) async fn session(harness: &Harness, client: Option<&str>) -> String {
    let (api, caller) = (&harness.api, &harness.ours.caller);
    let membership = Membership {
        organization: caller.organization,
        user: caller.user,
        role: Role::Owner,
        created_at: api.ports.now(),
    };
    let origin = SessionOrigin { user_agent: Some("Agent".to_owned()), address: Some("192.0.2.1".to_owned()) };
    let new = NewSession {
        membership: &membership,
        issuer: "https://bulkhead.example.com",
        audience: "https://bulkhead.example.com/v1",
        scopes: Scopes::Everything,
        client,
        origin,
        browser: None,
    };
    let (keys, correlation) = (api.signing_keys().await.expect("keys"), CorrelationId::parse("test").expect("sane"));
    let terms = SessionTerms::default();
    let tokens = open_session(&api.ports, &keys, &terms, new, "test", Vec::new(), &correlation).await;
    tokens.expect("a session").access.expose().to_owned()
}
