//! Putting what is installed into the catalogue.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::ConnectorId;
use bulkhead_kernel::sql::SqlError;

use crate::auth_types::AuthTypes;
use crate::model::{Slug, Tool};
use crate::oauth::OauthProvider;
use crate::store;

/// What the host read from a connector's manifest and component.
#[derive(Clone, Debug)]
pub struct NewConnector {
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// How an account may be connected.
    pub auth_types: AuthTypes,
    /// Who gives tokens for its accounts, when they are connected by OAuth 2.
    pub oauth: Option<OauthProvider>,
    /// SHA-256 of its component, `sha256:` and hexadecimal.
    pub digest: String,
    /// Its tools, in the order in which they are listed.
    pub tools: Vec<Tool>,
}

/// What registering did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The catalogue had exactly this.
    Unchanged,
    /// It was added or replaced.
    Changed,
}

/// Adds a connector, or replaces the one with its slug, with all its tools.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn register(ports: &Ports, new: &NewConnector) -> Result<Registered, SqlError> {
    let database = ports.sql.as_ref();
    let existing = store::find(database, new.slug.as_str()).await?;
    if let Some(existing) = &existing
        && existing.digest == new.digest
        && existing.version == new.version
        && existing.name == new.name
        && existing.description == new.description
        && existing.auth_types == new.auth_types
        && existing.oauth == new.oauth
        && store::list_tools(database, new.slug.as_str()).await? == new.tools
    {
        return Ok(Registered::Unchanged);
    }
    let id: ConnectorId = match &existing {
        Some(existing) => existing.id,
        None => store::find_any_id(database, new.slug.as_str()).await?.unwrap_or_else(|| ports.new_id()),
    };
    let mut steps = vec![store::upsert(id, new, ports.now())?.into(), store::delete_tools(id).into()];
    for (position, tool) in new.tools.iter().enumerate() {
        steps.push(store::insert_tool(id, position, tool)?.into());
    }
    database.batch(steps).await?;
    Ok(Registered::Changed)
}

/// Marks every connector that is not among these as removed, and gives how many that were.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn retain(ports: &Ports, slugs: &[Slug]) -> Result<u64, SqlError> {
    let database = ports.sql.as_ref();
    let mut removed = 0;
    for connector in store::list(database).await? {
        if !slugs.contains(&connector.slug) {
            removed += database.execute(store::mark_removed(connector.id, ports.now())).await?;
        }
    }
    Ok(removed)
}
