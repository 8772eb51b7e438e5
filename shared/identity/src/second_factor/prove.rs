//! Proving once more who one is, before what makes another way in.

use bulkhead_kernel::{Caller, CorrelationId, Ports, Secret};

use super::codes::TotpSecret;
use super::enrol::{SecondFactorError, check_password};
use super::sign_in::use_code;
use super::store;
use crate::sealing::IdentityKey;
use crate::throttle::{CredentialLimits, Limit, take};

/// What somebody presents who is signed in, to show that it is them: a session alone may be a stolen one.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// Their password.
    pub password: &'a Secret,
    /// A code, which is needed where they have a second factor.
    pub code: Option<&'a Secret>,
    /// The address from which they do.
    pub address: Option<&'a str>,
}

/// Checks both factors of the caller, as far as they have them. A code is used up.
///
/// # Errors
/// [`SecondFactorError`].
pub(crate) async fn prove(
    ports: &Ports,
    key: &IdentityKey,
    caller: &Caller,
    proof: Proof<'_>,
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<(), SecondFactorError> {
    check_password(ports, caller, (proof.password, proof.address), limits, correlation).await?;
    let factor = store::find(ports.sql.as_ref(), caller.user).await?.filter(|factor| factor.confirmed);
    let Some(factor) = factor else { return Ok(()) };
    take(ports, limits, Limit::SecondFactorAccount, &caller.user.to_string()).await?;
    let secret = TotpSecret::open(key, caller.user, &factor.sealed)?;
    let code = proof.code.and_then(|code| use_code(&secret, caller.user, code, ports.now()));
    match ports.sql.batch(vec![code.ok_or(SecondFactorError::Code)?]).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(SecondFactorError::Code),
        Err(error) => Err(error.into()),
    }
}
