//! Every kind of credential.

use bulkhead_identity::ApiKeyToken;
use bulkhead_system_tests::Host;
use bulkhead_testkit::SeededEntropy;

/// The organisation that is not ours.
const ELSEWHERE: &str = "00000000-0000-7000-8000-00000000e15e";

/// What can be presented.
pub(super) struct Credentials {
    /// Of our organisation: the role, and a credential of a user who has it, from least to most.
    pub(super) roles: Vec<(&'static str, String)>,
    /// Of the owner of another organisation.
    pub(super) stranger: String,
    /// What never is enough, and why.
    pub(super) refused: Vec<(&'static str, Option<String>)>,
}

impl Credentials {
    /// Makes their users behind the host's back.
    pub(super) async fn make(host: &Host) -> Self {
        let organization = "INSERT INTO organizations (id, slug, name, created_at) VALUES";
        host.execute(&format!("{organization} ('{ELSEWHERE}', 'elsewhere', 'Elsewhere', 0)")).await;
        let ours = "(SELECT id FROM organizations WHERE slug = 'default')";
        let elsewhere = format!("'{ELSEWHERE}'");
        let mut roles = Vec::new();
        for (number, role) in (1..).zip(["member", "admin", "owner"]) {
            roles.push((role, key(host, number, ours, role, ("NULL", "NULL")).await));
        }
        let stranger = key(host, 4, &elsewhere, "owner", ("NULL", "NULL")).await;
        let expired = key(host, 5, ours, "owner", ("1", "NULL")).await;
        let revoked = key(host, 6, ours, "owner", ("NULL", "1")).await;
        let nobodys = ApiKeyToken::generate(&SeededEntropy::new(7)).expose().to_owned();
        let refused = vec![
            ("none", None),
            ("nonsense", Some("nonsense".to_owned())),
            ("nobody's", Some(nobodys)),
            ("expired", Some(expired)),
            ("revoked", Some(revoked)),
            ("a token of another issuer, for another audience", Some(foreign_token())),
        ];
        Self { roles, stranger, refused }
    }
}

/// A user with this role, and a key that ends so: when it expires, and when it was revoked.
async fn key(host: &Host, number: u64, organization: &str, role: &str, (expires, revoked): (&str, &str)) -> String {
    let token = ApiKeyToken::generate(&SeededEntropy::new(1000 + number));
    let id = format!("00000000-0000-7000-8000-0000000ca11{number}");
    host.execute(&format!(
        "INSERT INTO users (id, kind, email, name, created_at, updated_at) \
         VALUES ('{id}', 'person', 'user{number}@example.com', 'User', 0, 0)"
    ))
    .await;
    host.execute(&format!(
        "INSERT INTO memberships (organization_id, user_id, role, created_at) \
         VALUES ({organization}, '{id}', '{role}', 0)"
    ))
    .await;
    host.execute(&format!(
        "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at, expires_at, revoked_at) \
         VALUES ('{id}', {organization}, '{id}', 'matrix', '{}', '{}', 0, {expires}, {revoked})",
        token.prefix(),
        token.hash()
    ))
    .await;
    token.expose().to_owned()
}

/// Well-formed, and nothing that this host knows a key for.
fn foreign_token() -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let header = BASE64.encode(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"1"}"#);
    let claims = BASE64.encode(
        r#"{"iss":"https://issuer.test","aud":"https://elsewhere.test/mcp","sub":"1","iat":1,"nbf":1,"exp":9999999999}"#,
    );
    format!("{header}.{claims}.{}", BASE64.encode([7; 64]))
}
