//! Getting a passkey.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_audit::{Act, Target};
use bulkhead_kernel::id::SessionId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Credential, Fault, Permission, Ports, Secret};
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::ExtensionInfo;
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
    RegistrationVerificationOptions, Username,
};
use webauthn_rp::response::Backup;
use webauthn_rp::{Registration, RegistrationServerState};

use super::ceremony::{self, Ceremony, Kind};
use super::model::{Passkey, handle_of, transport_names};
use super::relying_party::RelyingParty;
use super::store::{self, NewPasskey};
use super::{PasskeyError, verdict};
use crate::holding::{hold_credential, is_credential_ended};
use crate::mail::{Notice, Notices, tell};
use crate::model::User;
use crate::sealing::IdentityKey;
use crate::second_factor::prove;
use crate::store as users;
use crate::text;
use crate::throttle::CredentialLimits;
use crate::trail::{self, entries};

pub use crate::second_factor::Proof;

const ACTION: &str = "passkey.register";

/// The caller's sign-in. A key, or what a client was granted, makes no other way in; that it was tried is recorded.
pub(super) async fn session_of(ports: &Ports, caller: &Caller, act: &Act<'_>) -> Result<SessionId, PasskeyError> {
    act.admit(Permission::ManageProfile).await?;
    match caller.credential {
        Credential::Session(session) if crate::signed_in(ports, caller).await? => Ok(session),
        _ => {
            act.refuse(PasskeyError::SignInRequired).await?;
            Err(PasskeyError::SignInRequired)
        }
    }
}

/// What the browser asks an authenticator for, after the caller has proven once more who they are. Authenticators that have a
/// passkey of theirs make no other one.
///
/// # Errors
/// [`PasskeyError`].
pub async fn begin_passkey_registration(
    ports: &Ports,
    party: &RelyingParty,
    key: &IdentityKey,
    caller: &Caller,
    proof: Proof<'_>,
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<Ceremony, PasskeyError> {
    let act = Act::new(ports, caller, ACTION, Target::new("user", caller.user), correlation);
    let session = session_of(ports, caller, &act).await?;
    prove(ports, key, caller, proof, limits, correlation).await?;
    let user = users::find_user(ports.sql.as_ref(), caller.user).await?.ok_or(PasskeyError::SignInRequired)?;
    let handle = handle_of(user.id)?;
    let known = store::descriptors(ports.sql.as_ref(), user.id).await?;
    let entity = PublicKeyCredentialUserEntity {
        name: name_of(&user)?,
        id: &handle,
        // What the standard's profile of names does not take is left out; the name above says who it is.
        display_name: Nickname::try_from(user.name.as_str()).ok(),
    };
    let mut options = PublicKeyCredentialCreationOptions::passkey(party.id(), entity, known);
    // Browsers make no passkey where this is demanded and the authenticator lacks it, as most do. Its user is verified in any
    // case: nothing else passes at sign-in.
    options.extensions.cred_protect = CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
    let (server, client) = options.start_ceremony().map_err(internal)?;
    let state = server.encode().map_err(internal)?;
    let options = serde_json::to_value(&client).map_err(internal)?;
    let kind = Kind::Register(user.id, session);
    let (ceremony, steps) = ceremony::begin(kind, state, options, ports.entropy.as_ref(), ports.now());
    ports.sql.batch(steps.into()).await?;
    Ok(ceremony)
}

/// What the authenticator shows its user: their address.
fn name_of(user: &User) -> Result<Username<'_>, SqlError> {
    let address = user.email.as_deref().and_then(|email| Username::try_from(email).ok());
    address.map_or_else(|| Username::try_from(user.id.to_string()).map_err(internal), Ok)
}

/// Keeps the passkey that an authenticator made, under this name. `credential` is the browser's answer
/// (`RegistrationResponseJSON`).
///
/// # Errors
/// [`PasskeyError`]. The ceremony is over, unless the name or the answer was no such thing.
pub async fn register_passkey(
    ports: &Ports,
    party: &RelyingParty,
    notices: &Notices<'_>,
    caller: &Caller,
    token: &Secret,
    (name, credential): (&str, &str),
    correlation: &CorrelationId,
) -> Result<Passkey, PasskeyError> {
    let act = Act::new(ports, caller, ACTION, Target::new("user", caller.user), correlation);
    let session = session_of(ports, caller, &act).await?;
    let mut faults = Vec::new();
    text::check_name("/name", name, &mut faults);
    let answer = Registration::from_json_relaxed(credential.as_bytes());
    let answer = answer.map_err(|_| faults.push(Fault::new("/credential", "is no RegistrationResponseJSON")));
    let (Ok(answer), true) = (answer, faults.is_empty()) else { return Err(PasskeyError::Invalid(faults)) };
    let kind = Kind::Register(caller.user, session);
    let state = ceremony::take(ports.sql.as_ref(), kind, token, ports.now()).await?.ok_or(PasskeyError::Ceremony)?;
    let new = match check(ports, party, caller, &state, &answer, name)? {
        Ok(new) => new,
        Err(reason) => {
            act.refuse(reason).await?;
            return Err(PasskeyError::Refused(reason));
        }
    };
    let mut steps: Vec<Step> = hold_credential(caller, ports.now())
        .map(|step| step.across_tenants("a passkey is its user's, in every organisation"))
        .into();
    steps.extend([store::has_room(caller.user), store::insert(&new).into()]);
    let credential = caller.credential.id();
    let done = trail::Act { action: ACTION, credential: &credential, refused: None };
    steps.extend(entries(ports, caller.user, done, correlation).await?);
    steps.extend(tell(ports, notices, caller.user, Notice::PasskeyAdded).await?);
    let refused = match ports.sql.batch(steps).await {
        Ok(_) => return Ok(new.passkey),
        Err(error) if is_credential_ended(&error) => PasskeyError::SignInRequired,
        Err(error) if error.is_unexpected_rows_at(2) => PasskeyError::TooMany,
        Err(SqlError::UniqueViolation(_)) => PasskeyError::Exists,
        Err(error) => return Err(error.into()),
    };
    act.refuse(&refused).await?;
    Err(refused)
}

/// What is kept of an answer that passes, or why it does not.
fn check(
    ports: &Ports,
    party: &RelyingParty,
    caller: &Caller,
    state: &[u8],
    answer: &Registration,
    name: &str,
) -> Result<Result<NewPasskey, &'static str>, SqlError> {
    let state = RegistrationServerState::<16>::decode(state).map_err(internal)?;
    let origins = [party.origin().map_err(internal)?];
    let options = RegistrationVerificationOptions::<_, webauthn_rp::request::DomainOrigin<'_, '_>> {
        allowed_origins: &origins,
        allowed_top_origins: None,
        // Browsers may add what nobody asked for (section 9); nothing of it is used.
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let registered = match state.verify(party.id(), answer, &options) {
        Ok(registered) => registered,
        Err(error) => return Ok(Err(verdict::of_registration(&error))),
    };
    let (id, transports, _, public_key, dynamic, _) = registered.into_parts();
    let passkey = Passkey {
        id: ports.new_id(),
        name: name.to_owned(),
        transports: transport_names(transports),
        backed_up: dynamic.backup == Backup::Exists,
        created_at: ports.now(),
        last_used_at: None,
    };
    let Ok(bits) = transports.encode();
    let Ok(public_key) = public_key.encode();
    let Ok(state) = dynamic.encode();
    Ok(Ok(NewPasskey {
        passkey,
        user: caller.user,
        credential_id: URL_SAFE_NO_PAD.encode(id.as_ref()),
        public_key,
        state: state.to_vec(),
        sign_count: dynamic.sign_count,
        transports: bits,
    }))
}

/// What can only go wrong by our own doing.
pub(super) fn internal(error: impl std::fmt::Display) -> SqlError {
    SqlError::Other(format!("passkeys: {error}"))
}
