//! What the arguments of lists have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::argument::{PageNumber, PerPage, Whole};

/// How much of a description is given when the call does not say.
pub(crate) const fn body() -> Whole<0, 65_536> {
    Whole::new(500)
}

/// The page that is given when the call does not say.
pub(crate) const fn page() -> PageNumber {
    Whole::new(1)
}

/// How many items a page has when the call does not say.
pub(crate) const fn per_page() -> PerPage {
    Whole::new(30)
}

/// Issues and pull requests in which state.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    #[default]
    Open,
    Closed,
    All,
}

impl State {
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }
}

/// In which direction a list is sorted.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Asc,
    Desc,
}

impl Direction {
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}
