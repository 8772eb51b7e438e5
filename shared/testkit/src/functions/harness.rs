//! A function with everything around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use bulkhead_http_api::openapi::{Description, document};
use bulkhead_http_api::{
    Api, Audience, CREDENTIAL_LIMITS, IDENTITY_KEY, LIFETIMES, Limits, PUBLIC_URL, SIGNING_KEYS, TOKEN_KEYS,
};
use bulkhead_identity::{ApiKeyToken, IdentityKey, SigningKeys};
use bulkhead_kernel::http::NoHttp;
use bulkhead_kernel::id::{ApiKeyId, OrganizationId, UserId};
use bulkhead_kernel::sql::{Statement, sql};
use bulkhead_kernel::{Caller, Clock, Credential, Ports, Role, Scopes, Secret, Timestamp};
use bulkhead_native_adapters::{Options, OsEntropy, SystemClock, connect};
use http::Method;

use super::contract::Contract;
use super::request::{Answer, Call};
use super::tenancy::TenancyChecked;
use super::{FakeHost, Overtaken, catalogue, postgres};

/// An organisation with one user and one key.
pub struct Tenant {
    /// The user, as the use cases know them.
    pub caller: Caller,
    /// The API key.
    pub key: String,
}

/// A migrated database with two tenants and a catalogue. One of SQLite is gone when this is dropped.
pub struct Fixture {
    /// The database, the time, randomness.
    pub ports: Ports,
    /// A tenant.
    pub ours: Tenant,
    /// Somebody else.
    pub theirs: Tenant,
    /// Where another process finds the database.
    pub url: String,
    directory: tempfile::TempDir,
}

impl Fixture {
    /// Makes one whose time this clock tells.
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        Self::over(&url, clock, directory).await
    }

    /// The same on a PostgreSQL database of its own, which goes with the server that the test command started.
    pub async fn start_on_postgres(clock: Arc<dyn Clock>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::over(&postgres::create_database().await, clock, directory).await
    }

    /// What another process has over the same database: connections of its own.
    pub async fn beside(&self) -> Ports {
        let database = connect(&self.url, &Options::default()).await.expect("opens");
        Ports { sql: database.sql(), ..self.ports.clone() }
    }

    async fn over(url: &str, clock: Arc<dyn Clock>, directory: tempfile::TempDir) -> Self {
        let database = connect(url, &Options::default()).await.expect("opens");
        database.migrate().await.expect("migrates");
        let sql = Arc::new(TenancyChecked::over(&database).await);
        let ports = Ports { sql, clock, entropy: Arc::new(OsEntropy) };
        let ours = tenant(&ports, "ours", Expiry::Never).await;
        let theirs = tenant(&ports, "theirs", Expiry::Never).await;
        catalogue::fill(&ports).await;
        Self { ports, ours, theirs, url: url.to_owned(), directory }
    }
}

/// A function's router over a database of its own, which is gone when this is dropped.
pub struct Harness {
    /// What the router is served with.
    pub api: Api,
    /// The host.
    pub host: Arc<FakeHost>,
    /// Whose key requests carry unless they say otherwise.
    pub ours: Tenant,
    /// Somebody else.
    pub theirs: Tenant,
    pub(crate) router: fn(Api) -> Router,
    pub(crate) contract: Contract,
    directory: tempfile::TempDir,
}

impl Harness {
    /// A migrated database with two tenants and a catalogue.
    pub async fn start(router: fn(Api) -> Router, description: Description) -> Self {
        let Fixture { ports, ours, theirs, directory, .. } = Fixture::start(Arc::new(SystemClock)).await;
        let host = Arc::new(FakeHost::new(ports.clone()));
        let variables = Arc::new(variables());
        let http = Arc::new(NoHttp);
        let api =
            Api { ports, host: host.clone(), http, variables, audience: Audience::Rest, limits: Limits::default() };
        let contract = Contract::of(&document("test", vec![description]));
        Self { api, host, ours, theirs, router, contract, directory }
    }

    /// From now on this is done just before a batch with one of these words in it: see [`Overtaken`].
    pub fn overtake(&mut self, writing: &'static [&'static str], by: &'static str) {
        self.overtake_by(writing, sql(by).across_tenants("a test"), u32::MAX);
    }

    /// The same by a statement of the test's own, so many times.
    pub fn overtake_by(&mut self, writing: &'static [&'static str], by: Statement, times: u32) {
        let (sql, times) = (self.api.ports.sql.clone(), times.into());
        self.api.ports.sql = Arc::new(Overtaken { sql, writing, by, times });
    }

    /// The same function over a database that has not been migrated.
    #[must_use]
    pub async fn unmigrated(mut self) -> Self {
        let url = format!("sqlite:{}", self.directory.path().join("empty.db").display());
        self.api.ports.sql = connect(&url, &Options::default()).await.expect("opens").sql();
        self
    }

    /// The same function over a database that does not answer.
    #[must_use]
    pub async fn without_database(mut self) -> Self {
        let url = format!("sqlite:{}", self.directory.path().join("closed.db").display());
        let database = connect(&url, &Options::default()).await.expect("opens");
        database.close().await;
        self.api.ports.sql = database.sql();
        self
    }

    /// A request without a key, a header or a body.
    pub fn call<'a>(&'a self, method: Method, path: &str) -> Call<'a> {
        Call::new(self, method, path)
    }

    /// A request of our tenant.
    pub fn request<'a>(&'a self, method: Method, path: &str) -> Call<'a> {
        self.call(method, path).key(&self.ours.key)
    }

    /// Our tenant's `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// Our tenant's `POST` without a body.
    pub async fn post(&self, path: &str) -> Answer {
        self.request(Method::POST, path).send().await
    }

    /// Another key of a new tenant, which expired, or was revoked, a moment ago.
    pub async fn dead_keys(&self) -> [String; 2] {
        let ports = &self.api.ports;
        [tenant(ports, "expired", Expiry::Past).await.key, tenant(ports, "revoked", Expiry::Revoked).await.key]
    }
}

/// Variables as an installation has them, with keys of its own.
#[must_use]
pub fn variables() -> BTreeMap<String, Secret> {
    let keys = SigningKeys::generate(&OsEntropy);
    let variables = [
        (PUBLIC_URL, Secret::new("https://bulkhead.example.com".to_owned())),
        (TOKEN_KEYS, Secret::new(keys.public().as_text())),
        (SIGNING_KEYS, keys.expose()),
        ("sign_up", Secret::new("open".to_owned())),
        (IDENTITY_KEY, IdentityKey::generate(&OsEntropy).expose()),
        ("sign_in_providers", Secret::new(String::new())),
        ("client_registration", Secret::new("open".to_owned())),
        (CREDENTIAL_LIMITS, Secret::new(String::new())),
        (LIFETIMES, Secret::new(String::new())),
        ("client_address_header", Secret::new(String::new())),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

#[derive(Clone, Copy)]
enum Expiry {
    Never,
    Past,
    Revoked,
}

async fn tenant(ports: &Ports, slug: &str, expiry: Expiry) -> Tenant {
    let (organization, user, api_key): (OrganizationId, UserId, ApiKeyId) =
        (ports.new_id(), ports.new_id(), ports.new_id());
    let token = ApiKeyToken::generate(ports.entropy.as_ref());
    let now = ports.now();
    let past = Timestamp::from_millis(now.as_millis() - 1);
    let (expires_at, revoked_at) = match expiry {
        Expiry::Never => (None, None),
        Expiry::Past => (Some(past), None),
        Expiry::Revoked => (None, Some(past)),
    };
    let steps = vec![
        sql("INSERT INTO organizations (id, slug, name, created_at) VALUES ($1, $2, $2, $3)")
            .bind(organization)
            .bind(slug)
            .bind(now)
            .of(organization)
            .into(),
        sql("INSERT INTO users (id, kind, email, name, created_at, updated_at) VALUES ($1, 'person', $2, $3, $4, $4)")
            .bind(user)
            .bind(format!("{slug}@example.com"))
            .bind(slug)
            .bind(now)
            .into(),
        sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)")
            .bind(organization)
            .bind(user)
            .bind(Role::Member.as_str())
            .bind(now)
            .of(organization)
            .into(),
        sql("INSERT INTO api_keys \
             (id, organization_id, user_id, name, prefix, hash, created_at, expires_at, revoked_at) \
             VALUES ($1, $2, $3, 'test', $4, $5, $6, $7, $8)")
        .bind(api_key)
        .bind(organization)
        .bind(user)
        .bind(token.prefix())
        .bind(token.hash())
        .bind(now)
        .bind(expires_at)
        .bind(revoked_at)
        .of(organization)
        .into(),
    ];
    ports.sql.batch(steps).await.expect("a tenant");
    let caller = Caller {
        organization,
        user,
        role: Role::Member,
        scopes: Scopes::Everything,
        credential: Credential::ApiKey(api_key),
    };
    Tenant { caller, key: token.expose().to_owned() }
}
