//! Each route, and who may use it.

use bulkhead_kernel::Scope;

/// Who is let in, and with a credential that was granted which scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum May {
    /// Whoever asks, without a credential too: what proves who it is, if anything, is in the body. So no scope is needed.
    Anyone,
    /// OAuth clients by credentials of their own, and every user; others are refused in the words of OAuth. They learn of
    /// tokens that they have anyway, so no scope is needed.
    Clients,
    /// Every user of an organisation, there.
    Members(Scope),
    /// Its admins and owners.
    Admins(Scope),
    /// Its owners.
    Owners(Scope),
}

impl May {
    /// The scope that a credential needs; `None` where nothing is asked for.
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Self::Anyone | Self::Clients => None,
            Self::Members(scope) | Self::Admins(scope) | Self::Owners(scope) => Some(scope),
        }
    }
}

/// What another tenant's owner gets of the path with our things in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// What is theirs, or the installation's: nothing of ours is in the path.
    Their,
    /// 404, as for what does not exist.
    Unknown,
}
use Elsewhere::{Their, Unknown};
use May::{Admins, Anyone, Clients, Members, Owners};

const TOOLS: Scope = Scope::Tools;
const AUDIT: Scope = Scope::AuditRead;
const ORGANIZATION: Scope = Scope::Organization;
const PROFILE: Scope = Scope::Profile;

/// A route.
pub(crate) struct Entry {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) may: May,
    pub(crate) elsewhere: Elsewhere,
    /// A body (JSON) that gets past the door; none when empty.
    pub(crate) body: &'static str,
    /// Whether what the path names is there: else whoever is let in may find nothing.
    pub(crate) made: bool,
    /// Whether it ends whoever uses it, so that each use has a world of its own.
    pub(crate) ends: bool,
}

const fn entry(method: &'static str, path: &'static str, may: May, elsewhere: Elsewhere) -> Entry {
    Entry { method, path, may, elsewhere, body: "", made: true, ends: false }
}

impl Entry {
    const fn with(self, body: &'static str) -> Self {
        Self { body, ..self }
    }

    const fn of_nothing(self) -> Self {
        Self { made: false, ..self }
    }

    const fn ending(self) -> Self {
        Self { ends: true, ..self }
    }
}

/// Every one.
pub(crate) const ENTRIES: &[Entry] = &[
    entry("get", "/sign-in", Anyone, Their),
    entry("post", "/sign-in", Anyone, Their),
    entry("get", "/sign-out", Anyone, Their),
    entry("post", "/sign-out", Anyone, Their),
    entry("get", "/v1/audit/events", Members(AUDIT), Their),
    entry("get", "/sign-in/with/{provider}", Anyone, Their).of_nothing(),
    entry("get", "/sign-in/with/{provider}/callback", Anyone, Their).of_nothing(),
    entry("get", "/v1/auth/identities", Members(PROFILE), Their),
    entry("post", "/v1/auth/identities", Members(PROFILE), Their).with(r#"{"provider":"x"}"#).of_nothing(),
    entry("delete", "/v1/auth/identities/{id}", Members(PROFILE), Their).of_nothing(),
    entry("post", "/v1/auth/refresh", Anyone, Their).with("{}"),
    entry("get", "/v1/auth/sessions", Members(PROFILE), Their),
    entry("delete", "/v1/auth/sessions/{id}", Members(PROFILE), Unknown),
    entry("post", "/v1/auth/sign-in", Anyone, Their).with("{}"),
    entry("post", "/v1/auth/sign-up", Anyone, Their).with("{}"),
    entry("get", "/v1/connectors", Members(TOOLS), Their),
    entry("get", "/v1/connectors/{slug}", Members(TOOLS), Their),
    entry("get", "/v1/connectors/{slug}/restrictions", Admins(ORGANIZATION), Their),
    entry("put", "/v1/connectors/{slug}/restrictions", Admins(ORGANIZATION), Their).with("{}"),
    entry("delete", "/v1/connectors/{slug}/restrictions", Admins(ORGANIZATION), Their),
    entry("get", "/v1/connectors/{slug}/tools", Members(TOOLS), Their),
    entry("post", "/v1/connectors/{slug}/tools/{tool}/jobs", Members(TOOLS), Their)
        .with(r#"{"arguments":{"filter":".","input":1}}"#),
    entry("get", "/v1/jobs", Members(TOOLS), Their),
    entry("get", "/v1/jobs/{id}", Members(TOOLS), Unknown),
    entry("post", "/v1/jobs/{id}/answers", Members(TOOLS), Unknown).with(r#"{"answers":{}}"#),
    entry("post", "/v1/jobs/{id}/cancel", Members(TOOLS), Unknown),
    entry("get", "/v1/jobs/{id}/events", Members(TOOLS), Unknown),
    entry("get", "/.well-known/oauth-authorization-server", Anyone, Their),
    entry("get", "/.well-known/openid-configuration", Anyone, Their),
    entry("get", "/.well-known/oauth-authorization-server/{*issuer}", Anyone, Their).of_nothing(),
    entry("get", "/.well-known/openid-configuration/{*issuer}", Anyone, Their).of_nothing(),
    entry("get", "/oauth/jwks", Anyone, Their),
    entry("get", "/oauth/authorize", Anyone, Their),
    entry("post", "/oauth/authorize", Anyone, Their),
    entry("get", "/oauth/callback", Anyone, Their),
    entry("get", "/oauth/device", Anyone, Their),
    entry("post", "/oauth/device", Anyone, Their),
    entry("post", "/oauth/device_authorization", Anyone, Their),
    entry("post", "/oauth/introspect", Clients, Their),
    entry("post", "/oauth/register", Anyone, Their).with(r#"{}"#),
    entry("post", "/oauth/revoke", Anyone, Their),
    entry("post", "/oauth/token", Anyone, Their),
    entry("get", "/oauth/start", Anyone, Their).of_nothing(),
    entry("post", "/oauth/start", Anyone, Their).of_nothing(),
    entry("get", "/invitations", Anyone, Their).of_nothing(),
    entry("post", "/invitations", Anyone, Their),
    entry("post", "/invitations/sign-up", Anyone, Their),
    entry("get", "/reset-password", Anyone, Their),
    entry("post", "/reset-password", Anyone, Their),
    entry("get", "/verify-email", Anyone, Their),
    entry("post", "/verify-email", Anyone, Their),
    entry("post", "/sign-in/second-factor", Anyone, Their),
    entry("post", "/v1/auth/email-verification", Members(PROFILE), Their),
    entry("post", "/v1/auth/email-verification/confirm", Members(PROFILE), Their).with(r#"{"token":"x"}"#),
    entry("put", "/v1/auth/password", Members(PROFILE), Their).with(r#"{"current_password":"x","new_password":"y"}"#),
    entry("post", "/v1/auth/password-reset", Anyone, Their).with(r#"{}"#),
    entry("post", "/v1/auth/password-reset/confirm", Anyone, Their).with(r#"{}"#),
    entry("get", "/v1/auth/second-factor", Members(PROFILE), Their),
    entry("post", "/v1/auth/second-factor", Members(PROFILE), Their).with(r#"{"password":"x"}"#),
    entry("post", "/v1/auth/second-factor/confirm", Members(PROFILE), Their).with(r#"{"code":"000000"}"#),
    entry("post", "/v1/auth/second-factor/disable", Members(PROFILE), Their)
        .with(r#"{"code":"000000","password":"x"}"#),
    entry("post", "/v1/auth/sign-in/second-factor", Anyone, Their).with(r#"{}"#),
    entry("get", "/passkeys", Anyone, Their),
    entry("post", "/sign-in/passkey", Anyone, Their),
    entry("post", "/sign-in/passkey/options", Anyone, Their),
    entry("get", "/v1/auth/passkeys", Members(PROFILE), Their),
    entry("post", "/v1/auth/passkeys", Members(PROFILE), Their)
        .with(r#"{"ceremony":"x","name":"Key","credential":{}}"#),
    entry("post", "/v1/auth/passkeys/options", Members(PROFILE), Their).with(r#"{"password":"x"}"#),
    entry("patch", "/v1/auth/passkeys/{id}", Members(PROFILE), Their).with(r#"{"name":"Key"}"#).of_nothing(),
    entry("delete", "/v1/auth/passkeys/{id}", Members(PROFILE), Their).of_nothing(),
    entry("post", "/v1/auth/sign-in/passkey", Anyone, Their).with(r#"{}"#),
    entry("post", "/v1/auth/sign-in/passkey/options", Anyone, Their),
    entry("post", "/v1/auth/sign-up/invited", Anyone, Their).with(r#"{}"#),
    entry("post", "/v1/auth/switch", Members(PROFILE), Their).with(r#"{"organization":"ours"}"#).ending(),
    entry("get", "/v1/api-keys", Members(PROFILE), Their),
    entry("post", "/v1/api-keys", Members(PROFILE), Their).with(r#"{"name":"k"}"#),
    entry("delete", "/v1/api-keys/{id}", Members(PROFILE), Their).of_nothing(),
    entry("post", "/v1/api-keys/{id}/rotate", Members(PROFILE), Their).with(r#"{}"#).of_nothing(),
    entry("get", "/v1/connections", Members(TOOLS), Their),
    entry("post", "/v1/connections", Members(PROFILE), Their).with(r#"{"connector":"toolbox"}"#).of_nothing(),
    entry("get", "/v1/connections/{id}", Members(TOOLS), Their).of_nothing(),
    entry("delete", "/v1/connections/{id}", Members(PROFILE), Their).of_nothing(),
    entry("post", "/v1/connections/{id}/reconnect", Members(PROFILE), Their).of_nothing(),
    entry("post", "/v1/invitations/accept", Members(PROFILE), Their).with(r#"{"token":"x"}"#).of_nothing(),
    entry("get", "/v1/organization", Members(ORGANIZATION), Their),
    entry("patch", "/v1/organization", Admins(ORGANIZATION), Their).with(r#"{"name":"Ours"}"#),
    entry("delete", "/v1/organization", Owners(ORGANIZATION), Their).ending(),
    entry("get", "/v1/organization/invitations", Admins(ORGANIZATION), Their),
    entry("post", "/v1/organization/invitations", Admins(ORGANIZATION), Their)
        .with(r#"{"email":"a@example.com","role":"member"}"#),
    entry("delete", "/v1/organization/invitations/{id}", Admins(ORGANIZATION), Their).of_nothing(),
    entry("post", "/v1/organization/invitations/{id}/resend", Admins(ORGANIZATION), Their).with(r#"{}"#).of_nothing(),
    entry("get", "/v1/organization/members", Members(ORGANIZATION), Their),
    entry("patch", "/v1/organization/members/{user}", Admins(ORGANIZATION), Their)
        .with(r#"{"role":"member"}"#)
        .of_nothing(),
    entry("delete", "/v1/organization/members/{user}", Admins(ORGANIZATION), Their).of_nothing(),
    entry("post", "/v1/organization/transfer", Owners(ORGANIZATION), Their)
        .with(r#"{"user":"00000000-0000-7000-8000-000000000000"}"#)
        .of_nothing(),
    entry("get", "/v1/organizations", Members(ORGANIZATION), Their),
    entry("post", "/v1/organizations", Owners(ORGANIZATION), Their)
        .with(r#"{"slug":"another","name":"Another"}"#)
        .ending(),
    entry("post", "/v1/organizations/restore", Anyone, Their).with(r#"{}"#),
    entry("get", "/v1/profile", Members(PROFILE), Their),
    entry("patch", "/v1/profile", Members(PROFILE), Their).with(r#"{"name":"Ada"}"#),
    entry("get", "/v1/profile/export", Members(PROFILE), Their),
    entry("delete", "/v1/profile", Members(PROFILE), Their).ending(),
    entry("get", "/v1/projects", Members(ORGANIZATION), Their),
    entry("post", "/v1/projects", Admins(ORGANIZATION), Their).with(r#"{"slug":"p","name":"P"}"#).ending(),
    entry("get", "/v1/projects/{id}", Members(ORGANIZATION), Their).of_nothing(),
    entry("patch", "/v1/projects/{id}", Members(ORGANIZATION), Their).with(r#"{}"#).of_nothing(),
    entry("delete", "/v1/projects/{id}", Members(ORGANIZATION), Their).of_nothing(),
    entry("post", "/v1/projects/{id}/restore", Admins(ORGANIZATION), Their).of_nothing(),
    entry("get", "/v1/projects/{id}/roles", Members(ORGANIZATION), Their).of_nothing(),
    entry("put", "/v1/projects/{id}/roles/users/{user}", Members(ORGANIZATION), Their)
        .with(r#"{"role":"viewer"}"#)
        .of_nothing(),
    entry("delete", "/v1/projects/{id}/roles/users/{user}", Members(ORGANIZATION), Their).of_nothing(),
    entry("put", "/v1/projects/{id}/roles/teams/{team}", Members(ORGANIZATION), Their)
        .with(r#"{"role":"viewer"}"#)
        .of_nothing(),
    entry("delete", "/v1/projects/{id}/roles/teams/{team}", Members(ORGANIZATION), Their).of_nothing(),
    entry("post", "/v1/service-accounts", Admins(ORGANIZATION), Their).with(r#"{"name":"ci","role":"member"}"#),
    entry("get", "/v1/teams", Members(ORGANIZATION), Their),
    entry("post", "/v1/teams", Admins(ORGANIZATION), Their).with(r#"{"slug":"t","name":"T"}"#).ending(),
    entry("get", "/v1/teams/{id}", Members(ORGANIZATION), Their).of_nothing(),
    entry("patch", "/v1/teams/{id}", Admins(ORGANIZATION), Their).with(r#"{}"#).of_nothing(),
    entry("delete", "/v1/teams/{id}", Admins(ORGANIZATION), Their).of_nothing(),
    entry("get", "/v1/teams/{id}/members", Members(ORGANIZATION), Their).of_nothing(),
    entry("put", "/v1/teams/{id}/members/{user}", Admins(ORGANIZATION), Their).of_nothing(),
    entry("delete", "/v1/teams/{id}/members/{user}", Admins(ORGANIZATION), Their).of_nothing(),
];
