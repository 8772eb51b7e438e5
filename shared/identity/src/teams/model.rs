//! What a team is.

use bulkhead_kernel::id::{TeamId, UserId};
use bulkhead_kernel::{Fault, Timestamp};
use serde::Serialize;

use crate::model::UserKind;
use crate::text;

/// A team.
#[derive(Clone, Debug, Serialize)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who belongs to one.
#[derive(Clone, Debug, Serialize)]
pub struct TeamMember {
    /// The user's id.
    pub user: UserId,
    /// A person or a service account.
    pub kind: UserKind,
    /// Its name.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// What something new is called.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name in addresses.
    pub slug: String,
    /// The name for people.
    pub name: String,
}

impl Named {
    /// What is wrong with it.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        text::check_slug("/slug", &self.slug, &mut faults);
        text::check_name("/name", &self.name, &mut faults);
        faults
    }
}

/// What something is to be called from now on; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct NamedChange {
    /// The name in addresses.
    pub slug: Option<String>,
    /// The name for people.
    pub name: Option<String>,
}

impl NamedChange {
    /// What is wrong with it.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(slug) = &self.slug {
            text::check_slug("/slug", slug, &mut faults);
        }
        if let Some(name) = &self.name {
            text::check_name("/name", name, &mut faults);
        }
        faults
    }
}
