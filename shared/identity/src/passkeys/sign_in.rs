//! Signing in with a passkey.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports, Secret};
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::response::Backup;
use webauthn_rp::response::auth::DiscoverableAuthentication16;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions,
};

use super::ceremony::{self, Ceremony, Kind};
use super::model::handle_of;
use super::register::internal;
use super::relying_party::RelyingParty;
use super::store::{self, Stored};
use super::verdict;
use crate::model::User;
use crate::store as users;
use crate::trail::{Act, entries};

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum PasskeySignInError {
    /// The ceremony is over.
    #[error("this took too long; begin again")]
    Ceremony,
    /// The body has no answer of a browser.
    #[error("this is no AuthenticationResponseJSON")]
    Malformed,
    /// The passkey does not sign anybody in. Why, only the audit trail and the log say.
    #[error("this passkey does not work here; use another one, or your password")]
    Refused(&'static str),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What the browser asks authenticators for: any passkey for this installation, with its user verified.
///
/// # Errors
/// [`SqlError`].
pub async fn begin_passkey_sign_in(ports: &Ports, party: &RelyingParty) -> Result<Ceremony, SqlError> {
    let options = DiscoverableCredentialRequestOptions::passkey(party.id());
    let (server, client) = options.start_ceremony().map_err(internal)?;
    let state = server.encode().map_err(internal)?;
    let options = serde_json::to_value(&client).map_err(internal)?;
    let (ceremony, steps) = ceremony::begin(Kind::SignIn, state.to_vec(), options, ports.entropy.as_ref(), ports.now());
    ports.sql.batch(steps.into()).await?;
    Ok(ceremony)
}

/// The user whose passkey answered. `credential` is the browser's answer (`AuthenticationResponseJSON`).
///
/// # Errors
/// [`PasskeySignInError`]. The ceremony is over, unless the answer was no such thing.
pub async fn check_passkey(
    ports: &Ports,
    party: &RelyingParty,
    token: &Secret,
    credential: &str,
    correlation: &CorrelationId,
) -> Result<User, PasskeySignInError> {
    use PasskeySignInError as Error;
    let (database, now) = (ports.sql.as_ref(), ports.now());
    let answer = DiscoverableAuthentication16::from_json_relaxed(credential.as_bytes());
    let answer = answer.map_err(|_| Error::Malformed)?;
    let state = ceremony::take(database, Kind::SignIn, token, now).await?.ok_or(Error::Ceremony)?;
    let id = URL_SAFE_NO_PAD.encode(answer.raw_id().as_ref());
    let stored = store::find_by_credential(database, &id).await?;
    let stored = stored.ok_or(Error::Refused("no user who is there has this passkey"))?;
    let refused = match verify(party, &state, &answer, &stored)? {
        Ok(after) => {
            let Ok(bytes) = after.encode();
            let backed_up = after.backup == Backup::Exists;
            match database.batch(vec![store::used(stored.id, bytes.to_vec(), after.sign_count, backed_up, now)]).await {
                Ok(_) => None,
                // Another answer of the same passkey was faster, with a counter as high.
                Err(error) if error.is_unexpected_rows_at(0) => Some(verdict::CLONED),
                Err(error) => return Err(error.into()),
            }
        }
        Err(reason) => Some(reason),
    };
    let reason = match (users::find_user(database, stored.user).await?, refused) {
        (Some(user), None) => return Ok(user),
        (Some(_), Some(reason)) => reason,
        (None, _) => "its user has gone",
    };
    let credential = format!("passkey {}", stored.id);
    let act = Act { action: "session.create", credential: &credential, refused: Some(reason) };
    database.batch(entries(ports, stored.user, act, correlation).await?).await?;
    Err(Error::Refused(reason))
}

/// How the passkey is after an answer that passes, or why it does not pass.
fn verify(
    party: &RelyingParty,
    state: &[u8],
    answer: &DiscoverableAuthentication16,
    stored: &Stored,
) -> Result<Result<DynamicState, &'static str>, SqlError> {
    type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;
    let state = DiscoverableAuthenticationServerState::decode(state).map_err(internal)?;
    let fixed = StaticState::<PublicKey>::decode(&stored.public_key).map_err(internal)?;
    let changing: [u8; 7] = stored.state.as_slice().try_into().map_err(internal)?;
    let changing = DynamicState::decode(changing).map_err(internal)?;
    let user = handle_of(stored.user)?;
    let mut passkey = AuthenticatedCredential::new(answer.raw_id(), &user, fixed, changing).map_err(internal)?;
    let origins = [party.origin().map_err(internal)?];
    let options = AuthenticationVerificationOptions::<_, webauthn_rp::request::DomainOrigin<'_, '_>> {
        allowed_origins: &origins,
        allowed_top_origins: None,
        // Browsers may add what nobody asked for (section 9); nothing of it is used.
        error_on_unsolicited_extensions: false,
        ..AuthenticationVerificationOptions::default()
    };
    Ok(match state.verify(party.id(), answer, &mut passkey, &options) {
        Ok(_) => Ok(passkey.dynamic_state()),
        Err(error) => Err(verdict::of_sign_in(&error)),
    })
}
