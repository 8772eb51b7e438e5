//! The crate identity. The first owner is made when the scene starts.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_identity::{
    CredentialLimits, Exceeded, Limit, Membership, PasswordCost, Presented, RefreshError, SessionTerms, SignInError,
    TokenTerms, act_as, authenticate_browser, authenticate_key, authenticate_token, check_credentials,
    choose_membership, find_organization, hold_membership, list_sessions, organization_ids, refresh_session,
    revoke_session, take,
};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{AccessToken, Entropy, PageRequest, Ports, Secret};

use super::person::{ADDRESS, AUDIENCE, ISSUER, Person};
use super::{Scene, correlation};

const STRONG: PasswordCost = PasswordCost { memory_kib: 16, passes: 1 };

pub(super) async fn run(scene: &Scene) {
    installation(scene).await;
    let ada = Ada(Person::sign_up(scene, "ada").await);
    ada.comes_back(scene).await;
    ada.mistypes(scene).await;
    limits(scene).await;
}

async fn installation(scene: &Scene) {
    let Scene { ports, key, owner, clock, .. } = scene;
    // That a key was used is noted now and then.
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(authenticate_key(ports, key, None).await.expect("is known").user, owner.user);
    let token = AccessToken { id: "jti:1".to_owned(), scopes: Vec::new(), write_scope: None };
    assert_eq!(act_as(ports, "owner@localhost", token).await.expect("is known").user, owner.user);
    assert_eq!(find_organization(ports, Some("default")).await.expect("is there").id, owner.organization);
    assert_eq!(find_organization(ports, None).await.expect("is there").id, owner.organization);
    assert_eq!(organization_ids(ports).await.expect("reads"), [owner.organization]);
    let (organization, user) = (owner.organization, owner.user);
    let membership = Membership { organization, user, role: owner.role, created_at: ports.now() };
    ports.sql.batch(vec![hold_membership(&membership)]).await.expect("is what it was");
}

/// Somebody with a password, who has just signed up.
struct Ada(Person);

impl Ada {
    /// With everything that she has, until it is taken away.
    async fn comes_back(&self, scene: &Scene) {
        let Person { keys, tokens, cookie, .. } = &self.0;
        let ports = &scene.ports;
        let caller = authenticate_browser(ports, cookie.expose()).await.expect("goes on");
        let terms = TokenTerms::new(keys.public(), ISSUER, AUDIENCE.to_owned());
        let same = authenticate_token(ports, &terms, tokens.access.expose()).await.expect("goes on");
        assert_eq!((caller.user, caller.organization), (same.user, same.organization));
        let sessions = list_sessions(ports, &caller, &PageRequest::default(), &correlation()).await.expect("reads");
        assert_eq!(sessions.items.len(), 1);

        let presented = tokens.refresh.expose();
        let refresh = async || {
            let terms = SessionTerms::default();
            refresh_session(ports, keys, &terms, ISSUER, None, presented, &correlation()).await
        };
        let next = refresh().await.expect("is used");
        assert!(matches!(refresh().await, Err(RefreshError::Reused)));
        let ended = authenticate_token(ports, &terms, next.access.expose()).await;
        assert!(ended.is_err(), "its session goes on");
        let again = revoke_session(ports, &caller, tokens.session, Vec::new(), &correlation()).await;
        again.expect_err("it has ended already");
    }

    async fn tries(&self, ports: &Ports, password: &Secret, limits: &CredentialLimits) -> Result<(), SignInError> {
        let presented = Presented { email: &self.0.email, password, address: Some(ADDRESS) };
        let user = check_credentials(ports, presented, STRONG, limits, &correlation()).await?;
        choose_membership(ports, &user, None).await.map(drop)
    }

    async fn mistypes(&self, scene: &Scene) {
        let Scene { ports, owner, .. } = scene;
        let limits = CredentialLimits::default();
        // She belongs to a second organisation. A wrong password is told to both of them.
        let ada = find_user(scene, self.0.email.as_str()).await;
        let join =
            sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, 'member', 0)");
        ports.sql.execute(join.bind(owner.organization).bind(ada).of(owner.organization)).await.expect("joins");
        let wrong = Secret::new("wrong horse battery".to_owned());
        assert!(matches!(self.tries(ports, &wrong, &limits).await, Err(SignInError::Wrong)));
        self.tries(ports, &self.0.password, &limits).await.expect("is right, and hashed anew");

        let lockout = CredentialLimits::parse("lockout=1/30/900").expect("limits");
        assert!(matches!(self.tries(ports, &wrong, &lockout).await, Err(SignInError::Wrong)));
        assert!(matches!(self.tries(ports, &wrong, &lockout).await, Err(SignInError::Locked(_))));
        let nobody = "nobody@example.com".parse().expect("an address");
        let presented = Presented { email: &nobody, password: &wrong, address: None };
        let refused = check_credentials(ports, presented, STRONG, &limits, &correlation()).await;
        assert!(matches!(refused, Err(SignInError::Wrong)));
    }
}

async fn find_user(scene: &Scene, email: &str) -> String {
    let statement = sql("SELECT id FROM users WHERE email = $1").bind(email);
    scene.ports.sql.query_optional(statement).await.expect("reads").expect("is there").get("id").expect("an id")
}

/// The chance that everything is tidied up is one when nothing is random.
struct Zeroes;

impl Entropy for Zeroes {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

async fn limits(scene: &Scene) {
    let ports = Ports { entropy: Arc::new(Zeroes), ..scene.ports.clone() };
    let limits = CredentialLimits::parse("sign-up-address=1/60").expect("limits");
    take(&ports, &limits, Limit::SignUpAddress, ADDRESS).await.expect("is the first");
    let refused = take(&ports, &limits, Limit::SignUpAddress, ADDRESS).await;
    assert!(matches!(refused, Err(Exceeded::TooMany { .. })));
}
