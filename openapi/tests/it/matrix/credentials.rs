//! Every kind of credential, over one database with all functions before it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use bulkhead_http_api::openapi::Description;
use bulkhead_http_api::{Api, Audience, CREDENTIAL_LIMITS, SIGNING_KEYS};
use bulkhead_identity::{AccessGrant, ApiKeyToken, SigningKeys};
use bulkhead_kernel::id::{ApiKeyId, OrganizationId, SessionId, UserId};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Ports, Scope, Scopes, Secret, Timestamp};
use bulkhead_testkit::functions::{Harness, variables};
use bulkhead_testkit::{ManualClock, SeededEntropy};
use tower::ServiceExt as _;

use super::job;

const LIFETIME: std::time::Duration = std::time::Duration::from_secs(600);

/// A user with a session.
pub(crate) struct Person {
    pub(crate) role: &'static str,
    pub(crate) user: String,
    pub(crate) organization: String,
    pub(crate) session: String,
    /// The session's access token for the REST interface.
    pub(crate) token: String,
}

impl Person {
    /// Something of theirs for the `{id}` of this path; a new one each time, because some requests end it.
    pub(crate) async fn thing(&self, world: &World, path: &str) -> String {
        if path.starts_with("/v1/jobs/{id}") {
            job(world, self).await
        } else if path.contains("/sessions/{id}") {
            let (organization, user) = (self.organization.parse(), self.user.parse());
            let ids = (organization.expect("an id"), user.expect("an id"));
            session(&world.harness.api.ports, ids, Goes::On).await.to_string()
        } else {
            assert!(!path.contains("{id}"), "what is the id of {path}?");
            String::new()
        }
    }
}

/// The functions, and whoever uses them.
pub(crate) struct World {
    pub(crate) harness: Harness,
    /// One of each role of one organisation, from least to most.
    pub(crate) roles: Vec<Person>,
    /// The owner of another one.
    pub(crate) stranger: Person,
    /// What never is enough, and why.
    pub(crate) refused: Vec<(&'static str, Option<String>)>,
    /// An owner's credentials that were granted one scope each.
    pub(crate) narrowed: Vec<Narrowed>,
}

/// A credential that was granted one scope.
pub(crate) struct Narrowed {
    pub(crate) kind: &'static str,
    pub(crate) scope: Scope,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let mut harness = Harness::start(every_function, describe()).await;
        // Each of them comes to each route.
        let mut often = variables();
        let limits =
            ["sign-in-address", "sign-in-account", "second-factor-account", "token-address", "connection-user"];
        let limits = limits.map(|limit| format!("{limit}=1000/1")).join(" ");
        often.insert(CREDENTIAL_LIMITS.to_owned(), Secret::new(limits));
        harness.api.variables = Arc::new(often);
        let issuer = Issuer::of(&harness.api).await;
        let (ours, theirs) = (harness.ours.caller.organization, harness.theirs.caller.organization);
        let mut roles = Vec::new();
        for role in ["member", "admin", "owner"] {
            roles.push(issuer.person(ours, role).await);
        }
        let stranger = issuer.person(theirs, "owner").await;
        let refused = refused(&harness, &issuer, ours).await;
        let mut narrowed = Vec::new();
        for scope in Scope::ALL {
            narrowed.extend(issuer.narrowed(ours, scope).await);
        }
        Self { harness, roles, stranger, refused, narrowed }
    }

    pub(crate) fn role(&self, role: &str) -> &Person {
        self.roles.iter().find(|person| person.role == role).expect("there is one of each")
    }
}

async fn refused(harness: &Harness, issuer: &Issuer, ours: OrganizationId) -> Vec<(&'static str, Option<String>)> {
    let ports = &harness.api.ports;
    let rest = issuer.rest();
    let user = user(ports).await;
    join(ports, (ours, user), "owner").await;
    let going_on = session(ports, (ours, user), Goes::On).await;
    let ended = session(ports, (ours, user), Goes::Ended).await;
    let run_out = session(ports, (ours, user), Goes::RunOut).await;
    let outsider = self::user(ports).await;
    let of_an_outsider = session(ports, (ours, outsider), Goes::On).await;
    let an_hour = |sign: i64| {
        let at = Timestamp::from_millis(ports.now().as_millis() + sign * 3_600_000);
        Ports { clock: Arc::new(ManualClock::at(at)), ..ports.clone() }
    };
    let keys = SigningKeys::generate(ports.entropy.as_ref());
    let other = Issuer { keys, url: issuer.url.clone(), ports: ports.clone() };
    let owner = (ours, user);
    let [expired_key, revoked_key] = harness.dead_keys().await;
    let nobodys = ApiKeyToken::generate(&SeededEntropy::new(7)).expose().to_owned();
    vec![
        ("no credential", None),
        ("nonsense", Some("nonsense".to_owned())),
        ("a key of nobody", Some(nobodys)),
        ("an expired key", Some(expired_key)),
        ("a revoked key", Some(revoked_key)),
        ("an expired token", Some(issuer.token(&an_hour(-1), owner, going_on, &rest))),
        ("a token of the future", Some(issuer.token(&an_hour(1), owner, going_on, &rest))),
        ("a token for the MCP endpoint", Some(issuer.token(ports, owner, going_on, &issuer.mcp()))),
        ("a token for elsewhere", Some(issuer.token(ports, owner, going_on, "https://elsewhere.test/v1"))),
        ("a token of a session that was ended", Some(issuer.token(ports, owner, ended, &rest))),
        ("a token of a session that has run out", Some(issuer.token(ports, owner, run_out, &rest))),
        ("a token of a user who has left", Some(issuer.token(ports, (ours, outsider), of_an_outsider, &rest))),
        ("a token of another's session", Some(issuer.token(ports, owner, of_an_outsider, &rest))),
        ("a token that another key signed", Some(other.token(ports, owner, going_on, &rest))),
    ]
}

/// Signs tokens as the function `auth` does.
struct Issuer {
    keys: SigningKeys,
    url: String,
    ports: Ports,
}

impl Issuer {
    async fn of(api: &Api) -> Self {
        let keys = api.variable(SIGNING_KEYS).await.expect("the function has keys");
        let url = api.public_url().await.expect("the installation has an address");
        Self { keys: SigningKeys::parse(keys.expose()).expect("keys"), url, ports: api.ports.clone() }
    }

    fn rest(&self) -> String {
        Audience::Rest.of(&self.url)
    }

    fn mcp(&self) -> String {
        Audience::Mcp.of(&self.url)
    }

    fn token(
        &self,
        now: &Ports,
        (organization, user): (OrganizationId, UserId),
        session: SessionId,
        audience: &str,
    ) -> String {
        let scopes = Scopes::Everything;
        let grant =
            AccessGrant { issuer: &self.url, audience, user, organization, session, client: None, scopes: &scopes };
        self.keys.issue(now, &grant, LIFETIME).expect("signs").expose().to_owned()
    }

    async fn person(&self, organization: OrganizationId, role: &'static str) -> Person {
        let ports = &self.ports;
        let user = user(ports).await;
        join(ports, (organization, user), role).await;
        let session = session(ports, (organization, user), Goes::On).await;
        let token = self.token(ports, (organization, user), session, &self.rest());
        let (user, organization, session) = (user.to_string(), organization.to_string(), session.to_string());
        Person { role, user, organization, session, token }
    }
}

impl Issuer {
    /// An owner's key, and what an owner has granted to a client.
    async fn narrowed(&self, organization: OrganizationId, scope: Scope) -> [Narrowed; 2] {
        let ports = &self.ports;
        let user = user(ports).await;
        join(ports, (organization, user), "owner").await;
        let (session, scopes) = (session(ports, (organization, user), Goes::On).await, Scopes::Only([scope].into()));
        let granted =
            sql("UPDATE sessions SET client_id = 'client', scopes = $1 WHERE organization_id = $2 AND id = $3")
                .bind(scope.as_str())
                .bind(organization)
                .bind(session)
                .of(organization);
        ports.sql.execute(granted).await.expect("changes");
        let audience = &self.rest();
        let client = Some("client");
        let grant = AccessGrant { issuer: &self.url, audience, user, organization, session, client, scopes: &scopes };
        let token = self.keys.issue(ports, &grant, LIFETIME).expect("signs").expose().to_owned();
        let key = ApiKeyToken::generate(ports.entropy.as_ref());
        let id: ApiKeyId = ports.new_id();
        let insert =
            sql("INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, scopes, created_at) \
                          VALUES ($1, $2, $3, 'narrow', $4, $5, $6, $7)")
            .bind(id)
            .bind(organization)
            .bind(user)
            .bind(key.prefix())
            .bind(key.hash())
            .bind(scope.as_str())
            .bind(ports.now())
            .of(organization);
        ports.sql.execute(insert).await.expect("inserts");
        [("a key", key.expose().to_owned()), ("a client's token", token)].map(|(kind, token)| Narrowed {
            kind,
            scope,
            token,
        })
    }
}

async fn user(ports: &Ports) -> UserId {
    let id: UserId = ports.new_id();
    let insert =
        sql("INSERT INTO users (id, kind, name, created_at, updated_at) VALUES ($1, 'person', 'User', $2, $2)");
    ports.sql.execute(insert.bind(id).bind(ports.now())).await.expect("inserts");
    id
}

async fn join(ports: &Ports, (organization, user): (OrganizationId, UserId), role: &str) {
    let insert = sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)")
        .bind(organization)
        .bind(user)
        .bind(role)
        .bind(ports.now())
        .of(organization);
    ports.sql.execute(insert).await.expect("inserts");
}

/// How a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    On,
    Ended,
    RunOut,
}

async fn session(ports: &Ports, (organization, user): (OrganizationId, UserId), goes: Goes) -> SessionId {
    let id: SessionId = ports.new_id();
    let now = ports.now();
    let hour = std::time::Duration::from_secs(3600);
    let expires = if goes == Goes::RunOut { Timestamp::from_millis(now.as_millis() - 1) } else { now.plus(hour) };
    let insert = sql("INSERT INTO sessions \
                      (id, user_id, organization_id, audience, created_at, last_used_at, expires_at, revoked_at) \
                      VALUES ($1, $2, $3, 'test', $4, $4, $5, $6)")
    .bind(id)
    .bind(user)
    .bind(organization)
    .bind(now)
    .bind(expires)
    .bind((goes == Goes::Ended).then_some(now))
    .of(organization);
    ports.sql.execute(insert).await.expect("inserts");
    id
}

/// All functions behind one door, as a host routes to them.
fn every_function(api: Api) -> Router {
    let functions: Vec<_> = bulkhead_openapi::functions()
        .into_iter()
        .map(|function| ((function.routes)().list(), (function.routes)().into_router(api.clone())))
        .collect();
    Router::new().fallback(move |request: Request| {
        let path = request.uri().path().to_owned();
        let serves = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            template.len() == path.len() && template.iter().zip(path).all(|(a, b)| a.starts_with('{') || *a == b)
        };
        let found = functions.iter().find(|(routes, _)| routes.iter().any(|route| serves(route.path)));
        let (_, router) = found.unwrap_or_else(|| panic!("no function has {path}"));
        router.clone().oneshot(request)
    })
}

/// Of all of them.
fn describe() -> Description {
    let mut all = bulkhead_openapi::functions().into_iter().map(|function| (function.describe)());
    let mut whole = all.next().expect("there are functions");
    for one in all {
        whole.operations.extend(one.operations);
        whole.schemas.extend(one.schemas);
    }
    whole
}
