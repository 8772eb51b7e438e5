//! The organisation that an operator means.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::SqlError;

use crate::model::Organization;
use crate::store;

/// Why it is not clear which organisation is meant.
#[derive(Debug, thiserror::Error)]
pub enum FindOrganizationError {
    /// There is none yet.
    #[error("there is no organisation yet; `bulkhead migrate` makes the first one")]
    NoneYet,
    /// There are several, and none was named.
    #[error("there are several organisations; name one with --organization: {}", .0.join(", "))]
    Several(Vec<String>),
    /// There is none of this name.
    #[error("there is no organisation {0:?}")]
    Unknown(String),
    /// They could not be read.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// How many names a refusal has room for.
const NAMED: u32 = 10;

/// The organisation with this slug, or the only one. For whoever operates the installation: a caller has an organisation.
///
/// # Errors
/// [`FindOrganizationError`] when there is no such organisation, or more than one.
pub async fn find_organization(ports: &Ports, slug: Option<&str>) -> Result<Organization, FindOrganizationError> {
    let database = ports.sql.as_ref();
    if let Some(slug) = slug {
        let found = store::find_organization(database, slug).await?;
        return found.ok_or_else(|| FindOrganizationError::Unknown(slug.to_owned()));
    }
    let mut all = store::list_organizations(database, NAMED).await?;
    match (all.pop(), all.as_slice()) {
        (None, _) => Err(FindOrganizationError::NoneYet),
        (Some(only), []) => Ok(only),
        (Some(last), others) => {
            let slugs = others.iter().chain([&last]).map(|organization| organization.slug.clone()).collect();
            Err(FindOrganizationError::Several(slugs))
        }
    }
}

/// Every organisation: what is done to the installation stands in the audit trail of each.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn organization_ids(ports: &Ports) -> Result<Vec<OrganizationId>, SqlError> {
    store::organization_ids(ports.sql.as_ref()).await
}
