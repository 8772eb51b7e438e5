//! An organisation with people of every role, and what they ask for.

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_function_organizations::{describe, router};
use bulkhead_identity::{ApiKeyToken, Membership, NewSession, SessionOrigin, SessionTerms, open_session};
use bulkhead_kernel::id::{ApiKeyId, OrganizationId, UserId};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{CorrelationId, PageRequest, Role, Scopes};
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::Value;

/// Somebody and their key.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) key: String,
}

/// Our tenant with its first user as owner, beside an admin and a member.
pub(crate) struct Scene {
    pub(crate) harness: Harness,
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    pub(crate) member: Person,
    pub(crate) stranger: Person,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let harness = Harness::start(router, describe()).await;
        for tenant in [&harness.ours, &harness.theirs] {
            let statement = sql("UPDATE memberships SET role = 'owner' WHERE user_id = $1")
                .bind(tenant.caller.user)
                .across_tenants("a test");
            harness.api.ports.sql.execute(statement).await.expect("an owner");
        }
        let person =
            |tenant: &bulkhead_testkit::functions::Tenant| Person { id: tenant.caller.user, key: tenant.key.clone() };
        let (owner, stranger) = (person(&harness.ours), person(&harness.theirs));
        let ours = harness.ours.caller.organization;
        let admin = add(&harness, ours, Role::Admin, "admin").await;
        let member = add(&harness, ours, Role::Member, "member").await;
        Self { harness, owner, admin, member, stranger }
    }

    pub(crate) async fn ask(&self, who: &Person, method: Method, path: &str, body: Value) -> Answer {
        let call = self.harness.call(method, path).key(&who.key);
        if body.is_null() { call.send().await } else { call.json(&body).send().await }
    }

    pub(crate) async fn get(&self, who: &Person, path: &str) -> Answer {
        self.ask(who, Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.ask(who, Method::PATCH, path, body).await
    }

    pub(crate) async fn put(&self, who: &Person, path: &str, body: Value) -> Answer {
        self.ask(who, Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, who: &Person, path: &str) -> Answer {
        self.ask(who, Method::DELETE, path, Value::Null).await
    }

    /// Another member of our tenant.
    pub(crate) async fn join(&self, role: Role, name: &str) -> Person {
        add(&self.harness, self.harness.ours.caller.organization, role, name).await
    }

    /// The access token of a sign-in of theirs, as somebody with a key.
    pub(crate) async fn signed_in(&self, who: &Person, organization: OrganizationId) -> Person {
        let api = &self.harness.api;
        let membership = Membership { organization, user: who.id, role: Role::Member, created_at: api.ports.now() };
        let new = NewSession {
            membership: &membership,
            issuer: "https://bulkhead.example.com",
            audience: "https://bulkhead.example.com/v1",
            scopes: Scopes::Everything,
            client: None,
            origin: SessionOrigin::default(),
            browser: None,
        };
        let keys = api.signing_keys().await.expect("keys");
        let correlation = CorrelationId::parse("signed-in").expect("sane");
        let terms = SessionTerms::default();
        let tokens = open_session(&api.ports, &keys, &terms, new, "test", Vec::new(), &correlation).await;
        Person { id: who.id, key: tokens.expect("a session").access.expose().to_owned() }
    }

    pub(crate) async fn change(&self, statement: &'static str) {
        self.harness.api.ports.sql.execute(sql(statement).across_tenants("a test")).await.expect("changes");
    }

    /// How acts of this kind ended in our tenant, the newest first.
    pub(crate) async fn audited(&self, action: &str) -> Vec<Outcome> {
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        let (ports, caller) = (&self.harness.api.ports, &self.harness.ours.caller);
        let page = bulkhead_audit::list(ports, caller, &filter, &PageRequest::default()).await;
        page.expect("reads").items.iter().map(|event| event.outcome).collect()
    }
}

async fn add(harness: &Harness, organization: OrganizationId, role: Role, name: &str) -> Person {
    let ports = &harness.api.ports;
    let (id, key): (UserId, ApiKeyId) = (ports.new_id(), ports.new_id());
    let (token, now) = (ApiKeyToken::generate(ports.entropy.as_ref()), ports.now());
    let steps = vec![
        sql("INSERT INTO users (id, kind, email, name, created_at, updated_at) VALUES ($1, 'person', $2, $3, $4, $4)")
            .bind(id)
            .bind(format!("{name}@example.com"))
            .bind(name)
            .bind(now)
            .into(),
        sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)")
            .bind(organization)
            .bind(id)
            .bind(role.as_str())
            .bind(now)
            .across_tenants("a test")
            .into(),
        sql("INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at) \
             VALUES ($1, $2, $3, 'test', $4, $5, $6)")
        .bind(key)
        .bind(organization)
        .bind(id)
        .bind(token.prefix())
        .bind(token.hash())
        .bind(now)
        .across_tenants("a test")
        .into(),
    ];
    ports.sql.batch(steps).await.expect("a person");
    Person { id, key: token.expose().to_owned() }
}

/// A member of the answer's items, by each item's order.
pub(crate) fn items<'a>(answer: &'a Answer, member: &str) -> Vec<&'a str> {
    let items = answer.json["items"].as_array().expect("items");
    items.iter().map(|item| item[member].as_str().expect("text")).collect()
}

/// A text of the answer.
pub(crate) fn text(answer: &Answer, member: &str) -> String {
    answer.json[member].as_str().expect("text").to_owned()
}
