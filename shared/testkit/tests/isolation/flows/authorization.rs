//! The crate authorization: what a person grants to clients.

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_authorization::{
    AuthorizationRequest, Client, ClientDocuments, ClientMetadata, Consent, Decision, Document, DocumentError, Grantor,
    Parameters, Policy, begin_device, check_request, decide_device, find_client, find_device, issue_code, redeem_code,
    redeem_device_code, register_client,
};
use bulkhead_identity::{SessionOrigin, SessionTerms, find_membership};
use serde_json::json;

use super::person::{ISSUER, Person};
use super::{Scene, correlation};

const DOCUMENT: &str = "https://app.example.com/client.json";
const BACK: &str = "https://app.example.com/back";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) async fn run(scene: &Scene) {
    let gina = Person::sign_up(scene, "gina").await;
    let membership = find_membership(&scene.ports, gina.caller.user, gina.caller.organization).await;
    let membership = membership.expect("reads").expect("she belongs to it");
    let grantor = Grantor { membership: &membership, caller: &gina.caller };
    let client = client(scene).await;
    code(scene, &gina, &grantor, &client).await;
    device(scene, &gina, &grantor, &client).await;
}

struct Documents;

#[async_trait]
impl ClientDocuments for Documents {
    async fn fetch(&self, url: &str) -> Result<Document, DocumentError> {
        let text = json!({ "client_id": url, "redirect_uris": [BACK] }).to_string();
        Ok(Document { text, max_age: None })
    }
}

/// One that has registered itself; another one's metadata are read.
async fn client(scene: &Scene) -> Client {
    let (ports, policy) = (&scene.ports, Policy::default());
    find_client(ports, &Documents, &policy, DOCUMENT).await.expect("is read");
    let grants = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
    let metadata = ClientMetadata {
        client_name: Some("App".to_owned()),
        redirect_uris: vec![BACK.to_owned()],
        grant_types: Some(grants.map(str::to_owned).to_vec()),
        token_endpoint_auth_method: Some("none".to_owned()),
        ..ClientMetadata::default()
    };
    register_client(ports, &policy, metadata).await.expect("registers").client
}

async fn request(scene: &Scene, client: &Client) -> AuthorizationRequest {
    let parameters = format!(
        "response_type=code&client_id={}&redirect_uri={BACK}&code_challenge={CHALLENGE}&code_challenge_method=S256",
        client.id
    );
    let parameters = Parameters::parse(parameters.as_bytes());
    check_request(&scene.ports, &Documents, &Policy::default(), ISSUER, &parameters).await.expect("makes sense")
}

async fn code(scene: &Scene, gina: &Person, grantor: &Grantor<'_>, client: &Client) {
    let Scene { ports, clock, .. } = scene;
    let (policy, terms) = (Policy::default(), SessionTerms::default());
    let request = request(scene, client).await;
    let consent = Consent { request: &request, grantor, issuer: ISSUER };
    issue_code(ports, &policy, &consent, &correlation()).await.expect("reads").expect("grants");
    // The next one finds one that is long over.
    clock.advance(Duration::from_secs(2 * 24 * 3600));
    let url = issue_code(ports, &policy, &consent, &correlation()).await.expect("reads").expect("grants");
    let code = url.split(['?', '&']).find_map(|part| part.strip_prefix("code=")).expect("a code");
    let form = format!("code={code}&code_verifier={VERIFIER}&redirect_uri={BACK}");
    let form = Parameters::parse(form.as_bytes());
    let redeem = async || {
        let origin = SessionOrigin::default();
        redeem_code(ports, &gina.keys, &terms, ISSUER, client, &form, origin, &correlation()).await
    };
    redeem().await.expect("is good");
    redeem().await.expect_err("was used, so the session ends");
}

async fn device(scene: &Scene, gina: &Person, grantor: &Grantor<'_>, client: &Client) {
    let Scene { ports, clock, .. } = scene;
    let (policy, terms) = (Policy::default(), SessionTerms::default());
    let begun = begin_device(ports, &policy, ISSUER, client, &Parameters::parse(b"")).await.expect("begins");
    let form = format!("device_code={}", begun.device_code.expose());
    let form = Parameters::parse(form.as_bytes());
    let redeem = async || {
        let origin = SessionOrigin::default();
        redeem_device_code(ports, &gina.keys, &terms, &policy, ISSUER, client, &form, origin, &correlation()).await
    };
    redeem().await.expect_err("nobody has decided yet");
    redeem().await.expect_err("it asks too soon");
    let found = find_device(ports, grantor, begun.user_code.expose(), &correlation()).await.expect("is shown");
    decide_device(ports, &found, grantor, Decision::Approve, &correlation()).await.expect("decides");
    clock.advance(Duration::from_secs(60));
    redeem().await.expect("is good");
}
