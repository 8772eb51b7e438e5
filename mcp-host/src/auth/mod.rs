//! Who calls the MCP endpoint: the host as a resource server of OAuth 2.1.
//!
//! `decide` is the one place that makes a caller of a credential: an API key, which starts with `bhk_`, an access token of
//! ours, or one of another issuer that is configured. `issuer` finds the issuer's keys and keeps them, `fetch` gets
//! documents, `resource` is what is protected and how that is told to clients, `scopes` what a request
//! turned out to lack while it was answered.
//!
//! To accept another kind of credential, add a branch in `decide`.

mod decide;
mod fetch;
mod issuer;
mod resource;
mod scopes;

#[cfg(test)]
mod tests;

pub(crate) use decide::Gate;
pub(crate) use resource::Resource;
pub(crate) use scopes::ScopeGap;
