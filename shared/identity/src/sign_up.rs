//! A new person with an organisation of their own.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Fault, Ports, Role, Secret};

use crate::email::EmailAddress;
use crate::model::{Membership, Organization, User, UserKind};
use crate::password::{PasswordCost, PasswordError, hash_password};
use crate::password_rules::check_new_password;
use crate::sessions::OpenError;
use crate::{store, text};

/// Who signs up.
#[derive(Debug)]
pub struct NewAccount {
    /// Where mail reaches them.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// Their name.
    pub name: String,
    /// The organisation's name in addresses.
    pub organization_slug: String,
    /// The organisation's name.
    pub organization_name: String,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// What was asked for makes no sense. Each fault points into the request's body.
    #[error("the account can't be made as asked for")]
    Invalid(Vec<Fault>),
    /// The address or the slug is taken.
    #[error("the e-mail address or the organization's slug is taken")]
    Taken,
    /// The password can't be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The session could not be opened.
    #[error(transparent)]
    Open(OpenError),
}

impl From<OpenError> for SignUpError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Sql(SqlError::UniqueViolation(_)) => Self::Taken,
            error => Self::Open(error),
        }
    }
}

/// An account that is not written yet.
#[derive(Debug)]
pub struct Account {
    /// The person, as the owner of the organisation.
    pub membership: Membership,
    /// Their address.
    pub email: String,
    /// What writes it all.
    pub steps: Vec<Step>,
}

/// Checks what was asked for, and says what has to be written: together with the session that it opens, or not at all.
///
/// # Errors
/// [`SignUpError::Invalid`] with every fault, or [`SignUpError::Password`].
pub fn sign_up(ports: &Ports, new: NewAccount, cost: PasswordCost) -> Result<Account, SignUpError> {
    let email = new.email.parse::<EmailAddress>();
    let mut faults = Vec::new();
    if let Err(error) = &email {
        faults.push(Fault::new("/email", error.to_string()));
    }
    let known = [new.name.as_str(), &new.email, &new.organization_name, &new.organization_slug];
    faults.extend(password_fault(&new.password, &known));
    text::check_name("/name", &new.name, &mut faults);
    text::check_name("/organization/name", &new.organization_name, &mut faults);
    text::check_slug("/organization/slug", &new.organization_slug, &mut faults);
    let (Ok(email), true) = (email, faults.is_empty()) else { return Err(SignUpError::Invalid(faults)) };
    let now = ports.now();
    let organization =
        Organization { id: ports.new_id(), slug: new.organization_slug, name: new.organization_name, created_at: now };
    let user = User {
        id: ports.new_id(),
        kind: UserKind::Person,
        email: Some(email.as_str().to_owned()),
        email_verified_at: None,
        name: new.name,
        password_hash: Some(hash_password(&new.password, cost, ports.entropy.as_ref())?),
        created_at: now,
    };
    let membership = Membership { organization: organization.id, user: user.id, role: Role::Owner, created_at: now };
    let steps = vec![
        store::insert_organization(&organization).into(),
        store::insert_user(&user).into(),
        store::insert_membership(&membership).into(),
    ];
    Ok(Account { membership, email: email.as_str().to_owned(), steps })
}

/// What is wrong with a password that somebody chooses, of whom this is known.
pub(crate) fn password_fault(password: &Secret, known: &[&str]) -> Option<Fault> {
    check_new_password(password.expose(), known).err().map(|weak| Fault::new("/password", weak.to_string()))
}
