//! Connected accounts: whose they are, what state they are in, and how their tokens come, are kept fresh, and go.
//!
//! A connection belongs to a user, or to a project. `model` has its states. [`create`] begins it; by OAuth 2 that is a link
//! ([`link`]), which a browser opens, confirms and follows to the provider ([`start`]), and from which it comes back with a
//! code ([`complete`]). [`choose`] finds the one that a call uses, `refresh` is what a host does to keep its token fresh,
//! [`disconnect`] and `cleanup` are its end, `leave` its user's. [`export`] tells the user what is known of theirs. `tokens` speaks to providers, with crate `oauth2` over the kernel's port;
//! `answer` makes of what they say what the standard has.
//!
//! Tokens are in the vault, under [`Scope::Connection`](bulkhead_vault::Scope::Connection). Whoever connects only seals
//! them; the host alone opens them.

mod answer;
mod choose;
mod cleanup;
mod clients;
mod complete;
mod create;
mod disconnect;
mod export;
mod find;
mod leave;
mod link;
mod model;
mod refresh;
mod start;
mod state;
mod store;
mod tokens;
mod transaction;

pub use choose::{Chosen, choose};
pub use cleanup::{Cleanup, cleaned_up, due_for_cleanup, postpone_cleanup};
pub use clients::{InvalidOauthClients, OauthClient, OauthClients};
pub use complete::{AnswerError, CallbackAnswer, CompleteError, Completed, Completion, complete};
pub use create::{CreateError, Created, NewConnection, create};
pub use disconnect::disconnect;
pub use export::{UserAttempt, UserConnection, UserConnections, export};
pub use find::{FindError, find, list};
pub use leave::{disown_steps, forget_steps, leave_steps};
pub use link::{Link, reconnect};
pub use model::{Connection, Owner, fields};
pub use refresh::{Fresh, RefreshFault, RefreshLease, claim_refresh, expire, read, record_refreshed, release_refresh};
pub use start::{Authorization, PendingLink, StartError, authorize, pending_link};
pub use state::{InvalidTransition, State, Status};
pub use tokens::{GrantedTokens, TokenEndpoint, TokenError};
pub use transaction::LINK_LIFETIME;
