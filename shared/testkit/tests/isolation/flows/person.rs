//! Somebody who has signed up, and is signed in.

use bulkhead_identity::{
    EmailAddress, Membership, NewAccount, NewSession, OpaqueToken, PasswordCost, Purpose, SessionOrigin, SessionTerms,
    SigningKeys, Tokens, authenticate_browser, find_membership, open_session, sign_up,
};
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, Scopes, Secret};

use super::{Scene, correlation};

pub(super) const ISSUER: &str = "https://bulkhead.example.com";
pub(super) const AUDIENCE: &str = "https://bulkhead.example.com/v1";
pub(super) const ADDRESS: &str = "192.0.2.1";
pub(super) const WEAK: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };

/// A person with an organisation of the same name.
pub(super) struct Person {
    pub(super) keys: SigningKeys,
    pub(super) email: EmailAddress,
    pub(super) password: Secret,
    pub(super) tokens: Tokens,
    pub(super) cookie: OpaqueToken,
    pub(super) caller: Caller,
}

impl Person {
    pub(super) async fn sign_up(scene: &Scene, name: &str) -> Self {
        let ports = &scene.ports;
        let keys = SigningKeys::generate(ports.entropy.as_ref());
        let password = Secret::new("correct horse battery".to_owned());
        let new = NewAccount {
            email: format!("{name}@example.com"),
            password: password.clone(),
            name: name.to_owned(),
            organization_slug: name.to_owned(),
            organization_name: name.to_owned(),
        };
        let account = sign_up(ports, new, WEAK).expect("makes sense");
        let email = account.email.parse().expect("an address");
        let (tokens, cookie) = open(scene, &keys, &account.membership, account.steps).await;
        let caller = authenticate_browser(ports, cookie.expose()).await.expect("is signed in");
        Self { keys, email, password, tokens, cookie, caller }
    }

    /// Signs in to another organisation that they belong to.
    pub(super) async fn enter(&self, scene: &Scene, organization: OrganizationId) -> Caller {
        let membership = find_membership(&scene.ports, self.caller.user, organization).await.expect("reads");
        let membership = membership.expect("they belong to it");
        let (_, cookie) = open(scene, &self.keys, &membership, Vec::new()).await;
        authenticate_browser(&scene.ports, cookie.expose()).await.expect("is signed in")
    }
}

async fn open(scene: &Scene, keys: &SigningKeys, membership: &Membership, steps: Vec<Step>) -> (Tokens, OpaqueToken) {
    let cookie = OpaqueToken::generate(Purpose::Browser, scene.ports.entropy.as_ref());
    let session = NewSession {
        membership,
        issuer: ISSUER,
        audience: AUDIENCE,
        scopes: Scopes::Everything,
        client: None,
        origin: SessionOrigin { user_agent: None, address: Some(ADDRESS.to_owned()) },
        browser: Some(&cookie),
    };
    let terms = SessionTerms::default();
    let tokens = open_session(&scene.ports, keys, &terms, session, "password", steps, &correlation()).await;
    (tokens.expect("opens"), cookie)
}
