//! A connector's resources, as their author writes them: what can be read by address.

use crate::{
    Answer, Completion, ContentAnnotations, PromptArguments, ResourceContents, ResourceLink, Round, ToolError,
};

/// A resource in a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedResource {
    /// What and where it is.
    pub link: ResourceLink,
    /// For whom, and how much it matters.
    pub annotations: Option<ContentAnnotations>,
}

impl From<ResourceLink> for DescribedResource {
    fn from(link: ResourceLink) -> Self {
        Self { link, annotations: None }
    }
}

/// A family of resources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceTemplate {
    /// Their addresses: an RFC 6570 template.
    pub uri_template: String,
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: Option<String>,
    /// What they are.
    pub description: Option<String>,
    /// Their media type, when it is the same for all.
    pub mime_type: Option<String>,
    /// For whom, and how much they matter.
    pub annotations: Option<ContentAnnotations>,
}

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Resources.
    pub resources: Vec<DescribedResource>,
    /// Families of resources.
    pub templates: Vec<ResourceTemplate>,
}

/// What can be read. The manifest declares the schemes of its addresses under `[resources]`.
pub trait Resources {
    /// What is listed.
    #[must_use]
    fn describe() -> Listing;

    /// Reads a resource, listed or not.
    ///
    /// # Errors
    /// [`ToolError::UnknownTool`] when there is none; else in words that help the caller.
    fn read(uri: &str, round: &Round) -> Answer<Vec<ResourceContents>>;

    /// Suggests values for a template's variable of which `value` is typed. There is neither network nor a setting here.
    #[must_use]
    fn complete(_template: &str, _variable: &str, _value: &str, _others: &PromptArguments) -> Completion {
        Completion::default()
    }
}

/// [`Resources`] of a connector.
#[derive(Clone, Copy)]
pub struct ResourcesEntry {
    /// [`Resources::describe`].
    pub describe: fn() -> Listing,
    /// [`Resources::read`].
    pub read: fn(&str, &Round) -> Answer<Vec<ResourceContents>>,
    /// [`Resources::complete`].
    pub complete: fn(&str, &str, &str, &PromptArguments) -> Completion,
}

impl ResourcesEntry {
    /// The entry of a connector's resources.
    #[must_use]
    pub const fn of<R: Resources>() -> Self {
        Self { describe: R::describe, read: R::read, complete: R::complete }
    }

    pub(crate) const fn none() -> Self {
        Self {
            describe: Listing::default,
            read: |uri, _| Err(ToolError::UnknownTool(String::from(uri))),
            complete: |_, _, _, _| Completion { values: Vec::new(), total: None, has_more: false },
        }
    }
}
