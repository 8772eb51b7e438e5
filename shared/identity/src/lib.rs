//! Who is who: organisations, users, memberships, sessions and API keys, and how a credential becomes a
//! [`Caller`](bulkhead_kernel::Caller).
//!
//! `model.rs` has the entities, `keys/` API keys, `opaque.rs` every other token that means something to
//! us alone, `token/` access tokens, `password.rs` passwords, `throttle/` how often one may try; `sessions/` what a sign-in opens; then one file per use case,
//! and the SQL in `store.rs`. The next kind of credential is another function in `authenticate.rs`: both doors, REST and
//! MCP, come through there. Tokens of another issuer are verified by the host, and become a caller in `act_as.rs`.

mod act_as;
mod authenticate;
mod change_password;
mod create_owner;
mod email;
mod find_organization;
mod giving;
mod holding;
mod identities;
mod invitations;
mod keys;
mod lifetimes;
mod mail;
mod members;
mod model;
mod one_time;
mod opaque;
mod organizations;
mod passkeys;
mod password;
mod password_rules;
mod places;
mod profile;
mod projects;
mod reset_password;
mod sealing;
mod second_factor;
mod sessions;
mod sign_in;
mod sign_up;
mod store;
mod teams;
mod text;
mod throttle;
mod token;
mod trail;
mod verify_email;
mod ways_in;

pub use act_as::{ActAsError, act_as};
pub use authenticate::{AuthenticateError, TokenTerms, authenticate_key, authenticate_token, is_api_key};
pub use change_password::{ChangePasswordError, PasswordChange, change_password};
pub use create_owner::{NewOwner, Owner, PreparedOwner, create_owner, has_owner, prepare_owner};
pub use email::{EmailAddress, InvalidEmail};
pub use find_organization::{FindOrganizationError, find_organization, organization_ids};
pub use giving::NarrowCredential;
pub use holding::{CredentialEnded, hold_credential, is_credential_ended};
pub use identities::{
    ExternalPerson, Identity, LinkError, RecogniseError, Recognised, UnlinkError, link_identity, list_identities,
    may_link, recognise, unlink_identity,
};
pub use invitations::{
    Invitation, InvitationError, InvitationMail, InvitationOffer, InvitationTerms, InvitedAccount, InvitedError,
    IssuedInvitation, accept_invitation, create_invitation, list_invitations, look_at_invitation, resend_invitation,
    revoke_invitation, sign_up_invited,
};
pub use keys::{
    ApiKey, ApiKeyToken, InvalidApiKey, InvalidNetwork, IssuedKey, KeyError, KeyTerms, KeysOf, Networks, NewKey,
    Rotation, create_key, list_keys, revoke_key, rotate_key,
};
pub use lifetimes::{InvalidLifetimes, Lifetimes};
pub use mail::{Due, Letter, MailError, MailTerms, Notices, claim_mail, expired_mail, mail_failed, mail_sent};
pub use members::{
    Member, MemberError, MemberFilter, change_role, create_service_account, list_members, remove_member,
};
pub use model::{Membership, Organization, User, UserKind};
pub use opaque::{InvalidToken, OpaqueToken, Purpose};
pub use organizations::{
    DeletedOrganization, OrganizationChange, OrganizationError, OwnOrganization, change_organization,
    create_organization, delete_organization, list_organizations, read_organization, restore_organization,
    transfer_ownership,
};
pub use passkeys::{
    Ceremony, MAX_PASSKEYS, Passkey, PasskeyError, PasskeySignInError, PasskeysUnavailable, Proof, RelyingParty,
    begin_passkey_registration, begin_passkey_sign_in, check_passkey, delete_passkey, list_passkeys, register_passkey,
    rename_passkey,
};
pub use password::{PasswordCheck, PasswordCost, PasswordError, check_password, hash_password};
pub use password_rules::{WeakPassword, check_new_password};
pub use places::{Place, find_membership, hold_membership, places_of};
pub use profile::{
    Export, Profile, ProfileChange, ProfileError, change_profile, erase_user, export_user, read_profile,
};
pub use projects::{
    Holder, NewProject, Project, ProjectChange, ProjectError, ProjectGrant, ProjectPermission, ProjectRole,
    change_project, clear_project_role, create_project, delete_project, list_project_roles, list_projects,
    project_role, project_role_of, projects_seen_by, read_project, restore_project, set_project_role,
};
pub use reset_password::{PasswordReset, ResetPasswordError, make_reset_link, request_password_reset, reset_password};
pub use sealing::{IdentityKey, InvalidIdentityKey, Unreadable};
pub use second_factor::{
    Challenge, Enrolment, SecondFactorError, SecondFactorSignInError, SecondFactorStatus, answer_challenge,
    challenge_if_needed, confirm_second_factor, disable_second_factor, enrol_second_factor, second_factor_status,
};
pub use sessions::{
    ListError, NewSession, OpenError, RefreshError, RevokeError, Session, SessionOrigin, SessionTerms, SwitchError,
    Tokens, authenticate_browser, end_granted_session, find_refreshable, find_session, list_sessions, open_session,
    open_session_as, refresh_session, revoke_session, switch_session,
};
pub use sign_in::{Presented, SignInError, check_credentials, choose_membership};
pub use sign_up::{Account, NewAccount, SignUpError, sign_up};
pub use store::hold_password;
pub use teams::{
    Named, NamedChange, Team, TeamError, TeamMember, add_team_member, change_team, create_team, delete_team,
    list_team_members, list_teams, read_team, remove_team_member,
};
pub use throttle::{
    Attempt, CredentialLimits, Exceeded, InvalidLimits, Limit, Locked, LockoutTerms, Quota, Standing, take,
};
pub use token::{
    AccessGrant, IdTokenRules, InvalidSigningKey, Rules, SigningAlgorithm, SigningKeys, StandardClaims, TokenError,
    TokenKey, TokenKeys, Unverified, UnverifiedIdToken, Verified,
};
pub use verify_email::{VerifyEmailError, request_email_verification, verification_steps, verify_email};

use bulkhead_audit::{Act, AdmitError, Target};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Credential, Permission, Ports, Scopes};

/// The caller's organisation as the audit trail names it.
fn organization_target(caller: &Caller) -> Target {
    Target::new("organization", caller.organization)
}

/// Whether the caller is somebody who signed in, rather than a key or what was granted to a client.
async fn signed_in(ports: &Ports, caller: &Caller) -> Result<bool, SqlError> {
    match (&caller.credential, &caller.scopes) {
        (Credential::Session(session), Scopes::Everything) => {
            sessions::store::is_sign_in(ports.sql.as_ref(), caller, *session).await
        }
        _ => Ok(false),
    }
}

/// Lets a caller change what is their own, if their credential is good for it; otherwise it is recorded that they tried.
async fn admit_to_own(
    ports: &Ports,
    caller: &Caller,
    action: &'static str,
    correlation: &CorrelationId,
) -> Result<(), AdmitError> {
    let act = Act::new(ports, caller, action, Target::new("user", caller.user), correlation);
    act.admit(Permission::ManageProfile).await
}

bulkhead_audit::from_admit!(
    ChangePasswordError,
    KeyError,
    InvitationError,
    LinkError,
    ListError,
    MemberError,
    OrganizationError,
    PasskeyError,
    ProfileError,
    ProjectError,
    RevokeError,
    SecondFactorError,
    SwitchError,
    TeamError,
    UnlinkError,
    VerifyEmailError
);
