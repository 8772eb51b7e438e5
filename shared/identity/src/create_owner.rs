//! The first organisation, its owner, and a key to start with.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Ports, Role, Scopes};

use crate::keys::{ApiKey, ApiKeyToken, store as keys};
use crate::model::{Membership, Organization, User, UserKind};
use crate::store;

/// Names for the first organisation and user.
#[derive(Clone, Debug)]
pub struct NewOwner {
    /// The organisation's name in addresses.
    pub organization_slug: String,
    /// The organisation's name.
    pub organization_name: String,
    /// The owner's mail address.
    pub email: String,
    /// The owner's name.
    pub name: String,
}

impl Default for NewOwner {
    fn default() -> Self {
        Self {
            organization_slug: "default".to_owned(),
            organization_name: "Default organization".to_owned(),
            email: "owner@localhost".to_owned(),
            name: "Owner".to_owned(),
        }
    }
}

/// What was made. The token is not kept anywhere else.
#[derive(Debug)]
pub struct Owner {
    /// The organisation.
    pub organization: Organization,
    /// Its owner.
    pub user: User,
    /// The owner's key.
    pub token: ApiKeyToken,
}

/// The first owner, in no database yet: whoever has to keep the key does so first, since nobody can make it again.
#[derive(Debug)]
pub struct PreparedOwner {
    owner: Owner,
    steps: Vec<Step>,
}

/// Whether there is an organisation, and with it an owner.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn has_owner(ports: &Ports) -> Result<bool, SqlError> {
    store::has_organization(ports.sql.as_ref()).await
}

/// Makes the first organisation with its owner and a key; `None` when there is an organisation already, also when
/// another process has just made it.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn create_owner(ports: &Ports, new: NewOwner) -> Result<Option<Owner>, SqlError> {
    match prepare_owner(ports, new).await? {
        Some(prepared) => prepared.create(ports).await,
        None => Ok(None),
    }
}

/// Thinks of the first organisation with its owner and a key, and changes nothing; `None` when there is an organisation.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn prepare_owner(ports: &Ports, new: NewOwner) -> Result<Option<PreparedOwner>, SqlError> {
    if has_owner(ports).await? {
        return Ok(None);
    }
    let now = ports.now();
    let organization =
        Organization { id: ports.new_id(), slug: new.organization_slug, name: new.organization_name, created_at: now };
    let user = User {
        id: ports.new_id(),
        kind: UserKind::Person,
        email: Some(new.email.to_lowercase()),
        // Whoever sets an installation up says who its owner is. Others can't: see `recognise`.
        email_verified_at: Some(now),
        name: new.name,
        password_hash: None,
        created_at: now,
    };
    let membership = Membership { organization: organization.id, user: user.id, role: Role::Owner, created_at: now };
    let token = ApiKeyToken::generate(ports.entropy.as_ref());
    let key = ApiKey {
        id: ports.new_id(),
        organization: organization.id,
        user: user.id,
        name: "owner.json".to_owned(),
        prefix: token.prefix().to_owned(),
        hash: token.hash(),
        scopes: Scopes::Everything,
        networks: None,
        created_at: now,
        expires_at: None,
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        last_used_from: None,
    };
    let steps = vec![
        store::insert_organization(&organization).into(),
        store::insert_user(&user).into(),
        store::insert_membership(&membership).into(),
        keys::insert(&key).into(),
    ];
    Ok(Some(PreparedOwner { owner: Owner { organization, user, token }, steps }))
}

impl PreparedOwner {
    /// Who it will be.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Makes it; `None` when another process has made one since.
    ///
    /// # Errors
    /// [`SqlError`] when the database refuses. Whether it was made is not certain then.
    pub async fn create(self, ports: &Ports) -> Result<Option<Owner>, SqlError> {
        match ports.sql.batch(self.steps).await {
            Ok(_) => Ok(Some(self.owner)),
            Err(SqlError::UniqueViolation(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
