//! The crate connections: an account is connected, kept fresh, and disconnected.

use std::collections::BTreeMap;
use std::time::Duration;

use bulkhead_audit::Actor;
use bulkhead_connections::{
    CallbackAnswer, Chosen, Completion, Connection, GrantedTokens, NewConnection, OauthClients, authorize, choose,
    claim_refresh, cleaned_up, complete, create, disconnect, due_for_cleanup, expire, export, find, leave_steps, list,
    pending_link, postpone_cleanup, read, reconnect, record_refreshed, release_refresh,
};
use bulkhead_connectors::oauth::{OauthEntry, SettingValues};
use bulkhead_connectors::{AuthType, Connector, NewConnector, register};
use bulkhead_identity::{create_service_account, remove_member};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::{Caller, PageRequest, Role, Secret};
use bulkhead_testkit::FakeHttp;
use bulkhead_testkit::functions::{connector, project};
use bulkhead_vault::{DEFAULT_MAX_BYTES, KeyEncryptionKey, KeyRing};
use serde_json::json;

use super::{Scene, correlation};

const PROVIDER: &str = "https://id.example.com";
const BACK: &str = "https://bulkhead.example.com/oauth/callback";

pub(super) async fn run(scene: &Scene) {
    let Scene { ports, owner, clock, .. } = scene;
    let ring = KeyRing::new(KeyEncryptionKey::generate(ports.entropy.as_ref()));
    let connector = registered(scene, "mine", AuthType::Oauth2).await;
    let connection = connect(scene, &connector, &ring).await;
    chosen(scene, &connector).await;
    // A new link finds one that is long over.
    clock.advance(Duration::from_secs(2 * 24 * 3600));
    reconnect(ports, owner, connection.id, &correlation()).await.expect("gives a link");
    let connection = refresh(scene, &ring, connection).await;
    end(scene, connection).await;
    leave(scene, &connector).await;
}

async fn registered(scene: &Scene, slug: &str, auth_type: AuthType) -> Connector {
    let entry = OauthEntry {
        name: Some("The Provider".to_owned()),
        authorize_url: Some(format!("{PROVIDER}/authorize")),
        token_url: Some(format!("{PROVIDER}/token")),
        scopes: Some(vec!["read".to_owned()]),
        ..OauthEntry::default()
    };
    let (none, name) = (BTreeMap::new(), slug.parse().expect("a slug"));
    let provider = entry.resolve(&name, SettingValues { values: &none, given: &none }).expect("a provider");
    let new = NewConnector {
        name: "Mine".to_owned(),
        auth_types: auth_type.into(),
        oauth: (auth_type == AuthType::Oauth2).then_some(provider),
        ..connector(slug, Vec::new())
    };
    register(&scene.ports, &new).await.expect("registers");
    bulkhead_connectors::get(&scene.ports, slug).await.expect("reads").expect("is there")
}

fn new(auth_type: AuthType, project: Option<ProjectId>) -> NewConnection {
    NewConnection { label: "work".to_owned(), auth_type, project, api_key: None }
}

/// The owner's own, through a browser.
async fn connect(scene: &Scene, connector: &Connector, ring: &KeyRing) -> Connection {
    let Scene { ports, owner, .. } = scene;
    let clients = json!({ "mine": { "client_id": "the-client", "client_secret": "the-secret" } }).to_string();
    let clients = OauthClients::parse(&clients).expect("clients");
    let created =
        create(ports, owner, connector, new(AuthType::Oauth2, None), None, &correlation()).await.expect("begins");
    let link = created.link.expect("a link").token;
    pending_link(ports, link.expose()).await.expect("is good");
    let way = authorize(ports, &clients, link.expose(), BACK).await.expect("leads there");
    let state = way.url.split(['?', '&']).find_map(|part| part.strip_prefix("state=")).expect("a state");
    let answer = CallbackAnswer {
        state: Secret::new(state.to_owned()),
        code: Some(Secret::new("the-code".to_owned())),
        iss: None,
        error: None,
    };
    let tokens = json!({
        "access_token": "access", "refresh_token": "refresh", "token_type": "Bearer", "expires_in": 600_000,
    });
    let http = FakeHttp::json(200, &tokens);
    let sealing_key = ring.sealing_key();
    let completion = Completion { clients: &clients, http: &http, sealing_key, redirect_uri: BACK };
    let done = complete(ports, &completion, &answer, Some(way.browser.expose()), &correlation()).await;
    done.expect("is connected").connection
}

async fn chosen(scene: &Scene, own: &Connector) {
    let Scene { ports, owner, .. } = scene;
    let (organization, slug) = (owner.organization, own.slug.as_str());
    let found = choose(ports, organization, owner.user, None, slug).await.expect("reads");
    assert!(matches!(found, Chosen::Connection(_)));
    // A project's is for whoever has none of their own.
    let shared = registered(scene, "shared", AuthType::None).await;
    let project = project(ports, owner.organization).await;
    create(ports, owner, &shared, new(AuthType::None, Some(project)), None, &correlation())
        .await
        .expect("is connected");
    let found = choose(ports, organization, owner.user, Some(project), "shared").await.expect("reads");
    assert!(matches!(found, Chosen::Connection(_)));
    let listed = list(ports, owner, None, None, &PageRequest::default(), &correlation()).await.expect("reads");
    assert_eq!(listed.items.len(), 2);
    assert_eq!(export(ports, owner.user).await.expect("reads").connections.len(), 2);
}

async fn refresh(scene: &Scene, ring: &KeyRing, connection: Connection) -> Connection {
    let Scene { ports, owner, .. } = scene;
    let (lease, host) = (Duration::from_secs(30), Actor::operator("host"));
    let claimed = claim_refresh(ports, &connection, "one", lease).await.expect("claims").expect("is free");
    release_refresh(ports, &claimed).await.expect("gives it back");
    let claimed = claim_refresh(ports, &connection, "one", lease).await.expect("claims").expect("is free");
    let tokens = GrantedTokens {
        access_token: Secret::new("next".to_owned()),
        id_token: None,
        refresh_token: None,
        expires_in: None,
        scopes: None,
        account: None,
    };
    let sealing = (ring.sealing_key(), DEFAULT_MAX_BYTES);
    record_refreshed(ports, &claimed, &tokens, sealing, &host, &correlation()).await.expect("stores");
    let connection = find(ports, owner, connection.id, &correlation()).await.expect("is there");
    assert_eq!(expire(ports, &connection, "invalid_grant", &host, &correlation()).await, Ok(true));
    read(ports, owner.organization, connection.id).await.expect("reads").expect("is there")
}

async fn end(scene: &Scene, connection: Connection) {
    let Scene { ports, owner, .. } = scene;
    disconnect(ports, owner, connection.id, &correlation()).await.expect("ends");
    let due = due_for_cleanup(ports, 10).await.expect("reads");
    assert_eq!(due.len(), 1);
    assert_eq!(postpone_cleanup(ports, &due[0], Duration::from_secs(30)).await, Ok(true));
    let host = Actor::operator("host");
    cleaned_up(ports, &due[0].connection, host, None, &correlation()).await.expect("is gone");
}

/// Somebody goes who has connected something.
async fn leave(scene: &Scene, connector: &Connector) {
    let Scene { ports, owner, .. } = scene;
    let machine = create_service_account(ports, owner, "brief".to_owned(), Role::Member, &correlation()).await;
    let user = machine.expect("is made").user;
    let machine = Caller { user, role: Role::Member, ..owner.clone() };
    create(ports, &machine, connector, new(AuthType::Oauth2, None), None, &correlation()).await.expect("begins");
    let further = || leave_steps(owner.organization, user, ports.now());
    remove_member(ports, owner, user, further, &correlation()).await.expect("goes");
    assert_eq!(due_for_cleanup(ports, 10).await.expect("reads").len(), 1);
}
