//! What the database has of a user: what of it goes with them, and what they are told of it.

use std::collections::BTreeSet;

use bulkhead_audit::Actor;
use bulkhead_connections::{Connection, NewConnection, cleaned_up, create, due_for_cleanup};
use bulkhead_connectors::{AuthType, NewConnector, register};
use bulkhead_function_profile::{describe, router};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, Role, Secret};
use bulkhead_testkit::SeededEntropy;
use bulkhead_testkit::functions::{Answer, Harness, connector, project, set_role};
use bulkhead_vault::KeyEncryptionKey;
use http::Method;
use serde_json::json;

/// What becomes of a row that names a user when they are erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It goes.
    Goes,
    /// It stays, for this reason.
    Stays(&'static str),
}

use Fate::{Goes, Stays};

use crate::session::session;

/// Every column that names a user, or has their address. Whoever adds one says here what becomes of it; when it goes, a row
/// in [`ROWS`] shows that it does.
const COLUMNS: &[(&str, &str, Fate)] = &[
    ("action_logs", "actor_id", Stays("the trail says what was done by an id that is nobody's any more")),
    ("api_keys", "replaced_by", Stays("it names a key")),
    ("api_keys", "user_id", Stays("it is revoked, and does not say from where it was used")),
    ("authorization_codes", "user_id", Goes),
    ("connections", "created_by", Stays("a project's has an id that is nobody's any more")),
    ("connections", "user_id", Stays("it is disconnected and has no name; its tokens go once they are revoked")),
    ("connector_approvals", "approved_by", Stays("it names an operator")),
    ("connector_restrictions", "updated_by", Stays("it is the organisation's")),
    ("device_authorizations", "user_id", Goes),
    ("identities", "email", Stays("its row goes, by its user")),
    ("identities", "user_id", Goes),
    ("invitations", "accepted_by", Stays("it has no address any more")),
    ("invitations", "email", Stays("what was not taken is about whoever has the address")),
    ("invitations", "invited_by", Stays("it can't be taken any more")),
    ("memberships", "user_id", Goes),
    ("oauth_transactions", "user_id", Goes),
    ("one_time_tokens", "user_id", Goes),
    ("passkey_ceremonies", "user_id", Goes),
    ("passkeys", "user_id", Goes),
    ("pipeline_jobs", "user_id", Stays("it is the organisation's record of what was done")),
    ("project_members", "user_id", Goes),
    ("recovery_codes", "user_id", Goes),
    ("second_factors", "user_id", Goes),
    ("sessions", "user_id", Stays("it has ended, and does not say from where it came")),
    ("sign_in_attempts", "user_id", Goes),
    ("team_members", "user_id", Goes),
    ("users", "email", Stays("it is empty")),
    ("users", "email_verified_at", Stays("it is empty")),
];

/// A row in each table of which a row goes, of the user `$1` in the organisation `$2` with the connection `$3`.
const ROWS: &[&str] = &[
    "INSERT INTO authorization_codes (hash, client_id, user_id, organization_id, redirect_uri, code_challenge, audience, \
     scopes, created_at, expires_at) VALUES ('x' || $3, 'c', $1, $2, 'u', 'c', 'a', 'tools', 1, 1)",
    "INSERT INTO device_authorizations (hash, user_code_hash, client_id, audience, scopes, status, user_id, \
     organization_id, interval_seconds, next_poll_at, created_at, expires_at) \
     VALUES ('x' || $3, 'y', 'c', 'a', 'tools', 'approved', $1, $2, 5, 1, 1, 1)",
    "INSERT INTO identities (id, user_id, provider, issuer, subject, email, created_at) \
     VALUES ($3, $1, 'work', 'https://id.example.com', $2, 'ours@example.com', 1)",
    "INSERT INTO oauth_transactions (id, organization_id, user_id, connection_id, link_hash, created_at, expires_at) \
     VALUES ('01990000-0000-7000-8000-00000000000a', $2, $1, $3, 'hashed-link', 1, 1)",
    "INSERT INTO one_time_tokens (hash, purpose, user_id, subject, created_at, expires_at) \
     VALUES ('hashed-' || $3 || $2, 'password-reset', $1, 'ours@example.com', 1, 1)",
    "INSERT INTO passkey_ceremonies (hash, kind, user_id, state, created_at, expires_at) \
     VALUES ('hashed-' || $3 || $2, 'register', $1, CAST('x' AS BLOB), 1, 1)",
    "INSERT INTO passkeys (id, user_id, name, credential_id, public_key, state, sign_count, backed_up, transports, created_at) \
     VALUES ($3, $1, 'Key', $2, CAST('x' AS BLOB), CAST('x' AS BLOB), 0, FALSE, 0, 1)",
    "INSERT INTO recovery_codes (hash, user_id, created_at) VALUES ('hashed-' || $3 || $2, $1, 1)",
    "INSERT INTO second_factors (user_id, sealed, last_step, created_at) VALUES ($1, CAST($2 || $3 AS BLOB), 0, 1)",
    "INSERT INTO sign_in_attempts (state_hash, browser_hash, provider, user_id, sealed, created_at, expires_at) \
     VALUES ('hashed-' || $3 || $2, 'x', 'work', $1, CAST('x' AS BLOB), 1, 1)",
    "INSERT INTO teams (id, organization_id, slug, name, created_at) VALUES ($3, $2, 'team', 'Team', 1)",
    "INSERT INTO team_members (organization_id, team_id, user_id, created_at) VALUES ($2, $3, $1, 1)",
    "INSERT INTO projects (id, organization_id, slug, name, description, created_at) \
     VALUES ($3, $2, 'project', 'Project', '', 1)",
    "INSERT INTO project_members (organization_id, project_id, user_id, role, created_at) \
     VALUES ($2, $3, $1, 'viewer', 1)",
];

struct Scene {
    harness: Harness,
    token: String,
}

impl Scene {
    async fn start() -> Self {
        let harness = Harness::start(router, describe()).await;
        let connector = NewConnector {
            name: "Mine".to_owned(),
            auth_types: AuthType::ApiKey.into(),
            ..connector("mine", Vec::new())
        };
        register(&harness.api.ports, &connector).await.expect("registers");
        let token = session(&harness, None).await;
        Self { harness, token }
    }

    /// An account of our user's, with a secret.
    async fn connect(&self, project: Option<ProjectId>) -> Connection {
        let (ports, ours) = (&self.harness.api.ports, &self.harness.ours.caller);
        // Only an admin connects for a project.
        if project.is_some() {
            set_role(ports, ours, Some("admin")).await;
        }
        let caller = Caller { role: if project.is_some() { Role::Admin } else { ours.role }, ..ours.clone() };
        let connector = bulkhead_connectors::get(ports, "mine").await.expect("reads").expect("is there");
        let api_key = Some(Secret::new("the-secret-key".to_owned()));
        let new = NewConnection { label: "Ada's own".to_owned(), auth_type: AuthType::ApiKey, project, api_key };
        let key = KeyEncryptionKey::generate(&SeededEntropy::new(1));
        let correlation = CorrelationId::parse("test").expect("sane");
        let created = create(ports, &caller, &connector, new, Some(key.sealing_key()), &correlation).await;
        created.expect("is connected").connection
    }

    async fn fill(&self) {
        let caller = &self.harness.ours.caller;
        let connection = self.connect(None).await.id.to_string();
        for text in ROWS {
            let statement = sql(*text).bind(caller.user).bind(caller.organization).bind(connection.as_str());
            self.harness.api.ports.sql.execute(statement.across_tenants("a test")).await.expect("is written");
        }
    }

    async fn count(&self, from: &str) -> i64 {
        let statement = sql(format!("SELECT COUNT(*) AS n FROM {from}")).bind(self.harness.ours.caller.user);
        let row = self.harness.api.ports.sql.query_optional(statement.across_tenants("a test")).await.expect("reads");
        row.expect("a row").get("n").expect("a number")
    }

    async fn ask(&self, method: Method, path: &str) -> Answer {
        self.harness.call(method, path).key(&self.token).send().await
    }

    async fn erase(&self) {
        self.ask(Method::DELETE, "/v1/profile").await.with_status(204);
    }
}

#[tokio::test]
async fn every_column_that_names_a_user_is_known() {
    let scene = Scene::start().await;
    let text = "SELECT m.name AS name, c.name AS field FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                WHERE m.type = 'table' AND (c.name IN ('user_id', 'actor_id') OR c.name LIKE '%!_by' ESCAPE '!' \
                OR c.name LIKE '%email%') \
                UNION SELECT m.name, f.\"from\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
                WHERE m.type = 'table' AND f.\"table\" IN ('users', 'memberships') AND f.\"from\" <> 'organization_id'";
    let rows = scene.harness.api.ports.sql.query(sql(text).across_tenants("a test")).await.expect("reads");
    let place = |row: &bulkhead_kernel::sql::Row| (row.get("name").expect("text"), row.get("field").expect("text"));
    let found: BTreeSet<(String, String)> = rows.iter().map(place).collect();
    let known = COLUMNS.iter().map(|(table, column, _)| ((*table).to_owned(), (*column).to_owned()));
    assert_eq!(found, known.collect(), "say in COLUMNS what becomes of it when a user is erased");
    let reasons = COLUMNS.iter().filter_map(|(_, _, fate)| if let Stays(why) = fate { Some(why) } else { None });
    assert!(reasons.into_iter().all(|why| !why.is_empty()));
}

#[tokio::test]
async fn what_goes_with_a_user_is_gone() {
    let scene = Scene::start().await;
    scene.fill().await;
    let goes = || COLUMNS.iter().filter(|(_, _, fate)| *fate == Goes);
    for (table, column, _) in goes() {
        assert_eq!(scene.count(&format!("{table} WHERE {column} = $1")).await, 1, "{table} has none to begin with");
    }
    let refresh = "refresh_tokens r JOIN sessions s ON s.id = r.session_id WHERE s.user_id = $1";
    assert_eq!(scene.count(refresh).await, 1);
    scene.erase().await;
    for (table, column, _) in goes() {
        assert_eq!(scene.count(&format!("{table} WHERE {column} = $1")).await, 0, "{table}.{column} is left");
    }
    assert_eq!(scene.count(refresh).await, 0);
}

#[tokio::test]
async fn what_a_user_has_connected_is_disconnected_and_its_secrets_go() {
    let scene = Scene::start().await;
    let ports = &scene.harness.api.ports;
    // Nobody is left in the organisation, so that its project's goes too.
    let project = project(ports, scene.harness.ours.caller.organization).await;
    let ids = [scene.connect(None).await.id, scene.connect(Some(project)).await.id];
    assert!(due_for_cleanup(ports, 10).await.expect("reads").is_empty());
    scene.erase().await;
    let due = due_for_cleanup(ports, 10).await.expect("reads");
    assert_eq!(due.iter().map(|cleanup| cleanup.connection.id).collect::<BTreeSet<_>>(), BTreeSet::from(ids));
    assert_eq!(scene.count("connections WHERE user_id = $1 AND (label <> '' OR account IS NOT NULL)").await, 0);
    assert_eq!(scene.count("vault_secrets WHERE $1 <> ''").await, 2);
    for cleanup in due {
        // As the host does it, when it has had them revoked.
        let (host, correlation) = (Actor::operator("host"), CorrelationId::parse("test").expect("sane"));
        cleaned_up(ports, &cleanup.connection, host, None, &correlation).await.expect("cleans up");
    }
    assert_eq!(scene.count("vault_secrets WHERE $1 <> ''").await, 0);
}

#[tokio::test]
async fn a_projects_connection_stays_with_those_who_stay() {
    let scene = Scene::start().await;
    let join = "INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT o.id, u.id, 'owner', 1 \
                FROM organizations o, users u WHERE o.slug = 'ours' AND u.name = 'theirs'";
    scene.harness.api.ports.sql.execute(sql(join).across_tenants("a test")).await.expect("joins");
    let own = scene.connect(None).await.id;
    let project = project(&scene.harness.api.ports, scene.harness.ours.caller.organization).await;
    scene.connect(Some(project)).await;
    scene.erase().await;
    let due = due_for_cleanup(&scene.harness.api.ports, 10).await.expect("reads");
    assert_eq!(due.iter().map(|cleanup| cleanup.connection.id).collect::<Vec<_>>(), [own]);
    assert_eq!(scene.count("connections WHERE created_by = $1 AND status = 'active'").await, 1);
}

#[tokio::test]
async fn an_export_tells_that_secrets_are_kept_and_none_of_them() {
    let scene = Scene::start().await;
    scene.fill().await;
    let export = scene.ask(Method::GET, "/v1/profile/export").await.with_status(200).json;
    let connection = &export["connections"][0];
    assert_eq!((&connection["label"], &connection["status"]), (&json!("Ada's own"), &json!("active")));
    assert_eq!(connection["secrets"][0]["name"], "credential");
    assert_eq!(export["connection_attempts"][0]["connection"], connection["id"]);
    assert_eq!(export["second_factors"][0]["kind"], "totp");
    assert_eq!(export["recovery_codes"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["one_time_tokens"][0]["purpose"], "password-reset");
    let text = export.to_string();
    for hidden in ["hash", "sealed", "the-secret-key", "ciphertext"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}
