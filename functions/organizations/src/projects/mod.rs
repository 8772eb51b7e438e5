//! `/v1/projects`, and who has which role in one.

pub(crate) mod change;
pub(crate) mod clear_team_role;
pub(crate) mod clear_user_role;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_roles;
pub(crate) mod restore;
pub(crate) mod set_team_role;
pub(crate) mod set_user_role;

use std::str::FromStr;

use bulkhead_kernel::id::{InvalidId, UserId};

/// A place in the list of a project's roles: `user:` or `team:`, and an id.
pub(crate) struct Place;

impl FromStr for Place {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let id = text.strip_prefix("user:").or_else(|| text.strip_prefix("team:")).ok_or(InvalidId)?;
        id.parse::<UserId>().map(|_| Self)
    }
}
