//! Who is who: organisations, users, memberships, sessions and API keys, and how a credential becomes a
//! [`Caller`](bulkhead_kernel::Caller).
//!
//! `model.rs` has the entities, `key.rs` is what an API key looks like, `opaque.rs` every other token that means something to
//! us alone, `token/` access tokens, `password.rs` passwords, `throttle/` how often one may try; `sessions/` what a sign-in
//! opens; then one file per use case, and the SQL in `store.rs`. The next kind of credential is another function in `authenticate.rs`: both doors, REST and
//! MCP, come through there. Tokens of another issuer are verified by the host, and become a caller in `act_as.rs`.

mod act_as;
mod authenticate;
mod change_password;
mod create_owner;
mod email;
mod find_organization;
mod key;
mod mail;
mod model;
mod one_time;
mod opaque;
mod password;
mod password_rules;
mod reset_password;
mod sealing;
mod sessions;
mod sign_in;
mod sign_up;
mod store;
mod throttle;
mod token;
mod trail;
mod verify_email;

pub use act_as::{ActAsError, act_as};
pub use authenticate::{AuthenticateError, TokenTerms, authenticate_key, authenticate_token, is_api_key};
pub use change_password::{ChangePasswordError, PasswordChange, change_password};
pub use create_owner::{NewOwner, Owner, create_owner};
pub use email::{EmailAddress, InvalidEmail};
pub use find_organization::{FindOrganizationError, find_organization, organization_ids};
pub use key::{ApiKeyToken, InvalidApiKey};
pub use mail::{Due, Letter, MailError, MailTerms, claim_mail, expired_mail, mail_failed, mail_sent};
pub use model::{ApiKey, Membership, Organization, User, UserKind};
pub use opaque::{InvalidToken, OpaqueToken, Purpose};
pub use password::{PasswordCheck, PasswordCost, PasswordError, check_password, hash_password};
pub use password_rules::{WeakPassword, check_new_password};
pub use reset_password::{ResetPasswordError, make_reset_link, request_password_reset, reset_password};
pub use sealing::{IdentityKey, InvalidIdentityKey, Unreadable};
pub use sessions::{
    ListError, NewSession, OpenError, RefreshError, RevokeError, Session, SessionOrigin, SessionTerms, Tokens,
    authenticate_browser, list_sessions, open_session, refresh_session, revoke_session,
};
pub use sign_in::{Presented, SignInError, check_credentials, choose_membership};
pub use sign_up::{Account, NewAccount, SignUpError, sign_up};
pub use throttle::{
    Attempt, CredentialLimits, Exceeded, InvalidLimits, Limit, Locked, LockoutTerms, Quota, Standing, take,
};
pub use token::{
    AccessGrant, InvalidSigningKey, Rules, SigningAlgorithm, SigningKeys, TokenError, TokenKey, TokenKeys, Unverified,
    Verified,
};
pub use verify_email::{VerifyEmailError, request_email_verification, verification_steps, verify_email};
