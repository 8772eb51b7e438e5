//! Organisations, users and API keys, and how a credential becomes a [`Caller`](bulkhead_kernel::Caller).
//!
//! `key.rs` is what a key looks like, `model.rs` the entities, one file per use case, `store.rs` the SQL. The next
//! kind of credential is another branch in `authenticate.rs`: both doors, REST and MCP, come through there. Tokens of
//! another issuer are verified by the host, and become a caller in `act_as.rs`.

mod act_as;
mod authenticate;
mod create_owner;
mod find_organization;
mod key;
mod model;
mod store;

pub use act_as::{ActAsError, act_as};
pub use authenticate::{AuthenticateError, authenticate};
pub use create_owner::{NewOwner, Owner, create_owner};
pub use find_organization::{FindOrganizationError, find_organization, organization_ids};
pub use key::{ApiKeyToken, InvalidApiKey};
pub use model::{ApiKey, Organization, User};
