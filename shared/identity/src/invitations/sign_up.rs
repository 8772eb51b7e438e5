//! Taking an invitation without an account.

use bulkhead_audit::Actor;
use bulkhead_kernel::{CorrelationId, Fault, Ports, Secret};

use super::InvitationError;
use super::accept::{find, join};
use crate::model::{Membership, User, UserKind};
use crate::password::{PasswordCost, hash_password};
use crate::sign_up::{Account, SignUpError, password_fault};
use crate::{store, text};

/// Who signs up with an invitation. Their address is the invitation's.
#[derive(Debug)]
pub struct InvitedAccount {
    /// What the invitation is taken with.
    pub token: String,
    /// Their name.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum InvitedError {
    /// The invitation is not good.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
    /// The account can't be made.
    #[error(transparent)]
    SignUp(#[from] SignUpError),
}

/// Checks what was asked for, and says what has to be written: together with the session that it opens, or not at all. One
/// step must affect one row: if it does not, somebody else has just taken the invitation. That somebody has the token does not prove that the
/// address is theirs, since the one who invites has it too: it is verified later.
///
/// # Errors
/// [`InvitedError`].
pub async fn sign_up_invited(
    ports: &Ports,
    new: InvitedAccount,
    cost: PasswordCost,
    correlation: &CorrelationId,
) -> Result<Account, InvitedError> {
    let mut faults: Vec<Fault> = password_fault(&new.password, &[&new.name]).into_iter().collect();
    text::check_name("/name", &new.name, &mut faults);
    if !faults.is_empty() {
        return Err(SignUpError::Invalid(faults).into());
    }
    let (invitation, _) = find(ports, &new.token).await?;
    if invitation.accepted_by.is_some() {
        return Err(InvitationError::Unknown.into());
    }
    let now = ports.now();
    let hash = hash_password(&new.password, cost, ports.entropy.as_ref()).map_err(SignUpError::from)?;
    let user = User {
        id: ports.new_id(),
        kind: UserKind::Person,
        email: Some(invitation.email.clone()),
        email_verified_at: None,
        name: new.name,
        password_hash: Some(hash),
        created_at: now,
    };
    let membership =
        Membership { organization: invitation.organization, user: user.id, role: invitation.role, created_at: now };
    let actor = Actor { kind: "user".to_owned(), id: user.id.to_string(), credential_id: "invitation".to_owned() };
    let mut steps = vec![store::insert_user(&user).into()];
    steps.extend(join(ports, &invitation, &membership, actor, correlation));
    Ok(Account { membership, email: invitation.email, steps })
}
