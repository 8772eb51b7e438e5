//! The crate identity. The first owner is made when the scene starts.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_identity::{
    CredentialLimits, EmailAddress, Exceeded, Limit, Membership, NewAccount, NewSession, OpaqueToken, PasswordCost,
    Presented, Purpose, RefreshError, SessionOrigin, SessionTerms, SignInError, SigningKeys, TokenTerms, Tokens,
    act_as, authenticate_browser, authenticate_key, authenticate_token, check_credentials, choose_membership,
    find_organization, hold_membership, list_sessions, open_session, organization_ids, refresh_session, revoke_session,
    sign_up, take,
};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{AccessToken, Entropy, PageRequest, Ports, Scopes, Secret};

use super::{Scene, correlation};

const ISSUER: &str = "https://bulkhead.example.com";
const AUDIENCE: &str = "https://bulkhead.example.com/v1";
const ADDRESS: &str = "192.0.2.1";
const WEAK: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };
const STRONG: PasswordCost = PasswordCost { memory_kib: 16, passes: 1 };

pub(super) async fn run(scene: &Scene) {
    installation(scene).await;
    let ada = Ada::sign_up(scene).await;
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
struct Ada {
    keys: SigningKeys,
    email: EmailAddress,
    password: Secret,
    tokens: Tokens,
    cookie: OpaqueToken,
}

impl Ada {
    async fn sign_up(scene: &Scene) -> Self {
        let ports = &scene.ports;
        let keys = SigningKeys::generate(ports.entropy.as_ref());
        let password = Secret::new("correct horse battery".to_owned());
        let new = NewAccount {
            email: "ada@example.com".to_owned(),
            password: password.clone(),
            name: "Ada".to_owned(),
            organization_slug: "ada".to_owned(),
            organization_name: "Ada".to_owned(),
        };
        let account = sign_up(ports, new, WEAK).expect("makes sense");
        let cookie = OpaqueToken::generate(Purpose::Browser, ports.entropy.as_ref());
        let session = NewSession {
            membership: &account.membership,
            issuer: ISSUER,
            audience: AUDIENCE,
            scopes: Scopes::Everything,
            client: None,
            origin: SessionOrigin { user_agent: None, address: Some(ADDRESS.to_owned()) },
            browser: Some(&cookie),
        };
        let terms = SessionTerms::default();
        let tokens = open_session(ports, &keys, &terms, session, "password", account.steps, &correlation()).await;
        let email = "ada@example.com".parse().expect("an address");
        Self { keys, email, password, tokens: tokens.expect("opens"), cookie }
    }

    /// With everything that she has, until it is taken away.
    async fn comes_back(&self, scene: &Scene) {
        let Self { keys, tokens, cookie, .. } = self;
        let ports = &scene.ports;
        let caller = authenticate_browser(ports, cookie.expose()).await.expect("goes on");
        let terms = TokenTerms::new(keys.public(), ISSUER, AUDIENCE.to_owned());
        let same = authenticate_token(ports, &terms, tokens.access.expose()).await.expect("goes on");
        assert_eq!((caller.user, caller.organization), (same.user, same.organization));
        let sessions = list_sessions(ports, &caller, &PageRequest::default()).await.expect("reads");
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
        revoke_session(ports, &caller, tokens.session, &correlation()).await.expect_err("it has ended already");
    }

    async fn tries(&self, ports: &Ports, password: &Secret, limits: &CredentialLimits) -> Result<(), SignInError> {
        let presented = Presented { email: &self.email, password, address: Some(ADDRESS) };
        let user = check_credentials(ports, presented, STRONG, limits, &correlation()).await?;
        choose_membership(ports, &user, None).await.map(drop)
    }

    async fn mistypes(&self, scene: &Scene) {
        let Scene { ports, owner, .. } = scene;
        let limits = CredentialLimits::default();
        // She belongs to a second organisation. A wrong password is told to both of them.
        let ada = find_user(scene, self.email.as_str()).await;
        let join =
            sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, 'member', 0)");
        ports.sql.execute(join.bind(owner.organization).bind(ada).of(owner.organization)).await.expect("joins");
        let wrong = Secret::new("wrong horse battery".to_owned());
        assert!(matches!(self.tries(ports, &wrong, &limits).await, Err(SignInError::Wrong)));
        self.tries(ports, &self.password, &limits).await.expect("is right, and hashed anew");

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
