//! Everything that is known about a user.

use bulkhead_audit::Act;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::model::Profile;
use super::read::find;
use super::{ProfileError, store, target};

/// What identity knows about a user, for themselves (GDPR, articles 15 and 20). No secret is part of it, nor a hash of one.
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    /// When it was made.
    pub exported_at: Timestamp,
    /// The profile.
    pub profile: Profile,
    /// Organisations, and the role there.
    pub memberships: Vec<Value>,
    /// Teams.
    pub teams: Vec<Value>,
    /// Roles in projects that the user has by themselves.
    pub project_roles: Vec<Value>,
    /// Sign-ins, and what was granted to clients, those that have ended as well.
    pub sessions: Vec<Value>,
    /// Who they are at other providers.
    pub identities: Vec<Value>,
    /// Second factors: that there is one, and since when.
    pub second_factors: Vec<Value>,
    /// Recovery codes, those that were used as well: that they exist.
    pub recovery_codes: Vec<Value>,
    /// Links that were mailed, and what begins signing in with a second factor: that they exist, and what for.
    pub one_time_tokens: Vec<Value>,
    /// Keys, those that have ended as well.
    pub api_keys: Vec<Value>,
    /// Passkeys, without what authenticators know of them.
    pub passkeys: Vec<Value>,
    /// Invitations that they took.
    pub invitations: Vec<Value>,
    /// The newest thousand of their acts in the audit trails.
    pub acts: Vec<Value>,
}

const MEMBERSHIPS: &str = "SELECT o.id AS organization, o.slug, o.name, m.role, m.created_at FROM memberships m \
                           JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = $1 ORDER BY o.slug";
const TEAMS: &str = "SELECT t.organization_id AS organization, t.id AS team, t.slug, t.name, x.created_at \
                     FROM team_members x JOIN teams t ON t.organization_id = x.organization_id AND t.id = x.team_id \
                     WHERE x.user_id = $1 ORDER BY t.id";
const PROJECT_ROLES: &str = "SELECT p.organization_id AS organization, p.id AS project, p.slug, x.role, x.created_at \
                             FROM project_members x \
                             JOIN projects p ON p.organization_id = x.organization_id AND p.id = x.project_id \
                             WHERE x.user_id = $1 ORDER BY p.id";
const SESSIONS: &str = "SELECT id, organization_id AS organization, client_id, audience, scopes, user_agent, address, \
                        created_at, last_used_at, expires_at, revoked_at FROM sessions WHERE user_id = $1 ORDER BY id";
const IDENTITIES: &str = "SELECT provider, issuer, subject, email, created_at, last_used_at FROM identities \
                          WHERE user_id = $1 ORDER BY id";
const SECOND_FACTORS: &str = "SELECT 'totp' AS kind, created_at, confirmed_at FROM second_factors WHERE user_id = $1";
const RECOVERY_CODES: &str = "SELECT created_at, used_at FROM recovery_codes WHERE user_id = $1 ORDER BY created_at";
const ONE_TIME_TOKENS: &str = "SELECT purpose, subject, created_at, expires_at, used_at FROM one_time_tokens \
                               WHERE user_id = $1 ORDER BY created_at";
const API_KEYS: &str = "SELECT id, organization_id AS organization, name, prefix, scopes, networks, created_at, \
                        expires_at, revoked_at, last_used_at, last_used_from FROM api_keys WHERE user_id = $1 \
                        ORDER BY id";
const PASSKEYS: &str = "SELECT id, name, CASE WHEN backed_up THEN 'synced' ELSE 'device' END AS kept, created_at, \
                        last_used_at FROM passkeys WHERE user_id = $1 ORDER BY id";
const INVITATIONS: &str = "SELECT id, organization_id AS organization, email, role, created_at, accepted_at \
                           FROM invitations WHERE accepted_by = $1 ORDER BY id";
const ACTS: &str = "SELECT id, organization_id AS organization, action, target_type, target_id, outcome, reason, \
                    correlation_id, occurred_at FROM action_logs WHERE actor_type = 'user' AND actor_id = $1 \
                    AND organization_id IN (SELECT m.organization_id FROM memberships m WHERE m.user_id = $1) \
                    ORDER BY id DESC LIMIT 1000";

/// Everything about the caller. It is recorded that they took it.
///
/// # Errors
/// [`ProfileError`].
pub async fn export_user(ports: &Ports, caller: &Caller, correlation: &CorrelationId) -> Result<Export, ProfileError> {
    let act = Act::new(ports, caller, "user.export", target(caller), correlation);
    act.admit(Permission::ManageProfile).await?;
    // A key belongs to one organisation, and what a client was granted as well: the others are none of their business.
    if !crate::signed_in(ports, caller).await? {
        act.refuse(ProfileError::SignInRequired).await?;
        return Err(ProfileError::SignInRequired);
    }
    ports.sql.batch(vec![act.done()]).await?;
    let rows = |text: &'static str| store::rows(ports.sql.as_ref(), text, caller.user);
    Ok(Export {
        exported_at: ports.now(),
        profile: find(ports, caller).await?,
        memberships: rows(MEMBERSHIPS).await?,
        teams: rows(TEAMS).await?,
        project_roles: rows(PROJECT_ROLES).await?,
        sessions: rows(SESSIONS).await?,
        identities: rows(IDENTITIES).await?,
        second_factors: rows(SECOND_FACTORS).await?,
        recovery_codes: rows(RECOVERY_CODES).await?,
        one_time_tokens: rows(ONE_TIME_TOKENS).await?,
        api_keys: rows(API_KEYS).await?,
        passkeys: rows(PASSKEYS).await?,
        invitations: rows(INVITATIONS).await?,
        acts: rows(ACTS).await?,
    })
}
