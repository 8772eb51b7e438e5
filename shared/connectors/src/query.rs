//! Reading the catalogue.

use bulkhead_kernel::Ports;
use bulkhead_kernel::sql::SqlError;

use crate::model::{Connector, Tool};
use crate::store;

/// Every available connector, by slug. An operator installs tens of them, so this is one page.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list(ports: &Ports) -> Result<Vec<Connector>, SqlError> {
    store::list(ports.sql.as_ref()).await
}

/// One available connector.
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
