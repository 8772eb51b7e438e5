//! Reading the catalogue.

use bulkhead_audit::{Act, AdmitError, Target};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use crate::model::{Connector, Slug, Tool};
use crate::store;

/// Every available connector, by slug. An operator installs tens of them, so this is one page.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or they can't be read.
pub async fn list(ports: &Ports, caller: &Caller, correlation: &CorrelationId) -> Result<Vec<Connector>, AdmitError> {
    let target = Target::new("organization", caller.organization);
    Act::new(ports, caller, "connector.list", target, correlation).admit(Permission::ReadCatalogue).await?;
    Ok(store::list(ports.sql.as_ref()).await?)
}

/// One available connector, for a caller.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or it can't be read.
pub async fn read(
    ports: &Ports,
    caller: &Caller,
    slug: &Slug,
    correlation: &CorrelationId,
) -> Result<Option<Connector>, AdmitError> {
    let target = Target::new("connector", slug);
    Act::new(ports, caller, "connector.read", target, correlation).admit(Permission::ReadCatalogue).await?;
    Ok(get(ports, slug.as_str()).await?)
}

/// One available connector, for whatever runs here itself.
///
/// # Errors
/// [`SqlError`] when it can't be read.
pub async fn get(ports: &Ports, slug: &str) -> Result<Option<Connector>, SqlError> {
    store::find(ports.sql.as_ref(), slug).await
}

/// The tools of an available connector, in their order; empty when there is no such connector.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list_tools(ports: &Ports, slug: &str) -> Result<Vec<Tool>, SqlError> {
    store::list_tools(ports.sql.as_ref(), slug).await
}

/// One tool.
///
/// # Errors
/// [`SqlError`] when it can't be read.
pub async fn find_tool(ports: &Ports, slug: &str, tool: &str) -> Result<Option<Tool>, SqlError> {
    store::find_tool(ports.sql.as_ref(), slug, tool).await
}
