//! Sessions: a sign-in, or what a user granted to an OAuth client. Each has one family of refresh tokens.
//!
//! A refresh token is used once and replaced. One that is used again has been copied, so its session ends: whoever has the
//! copy, and whoever has the original, sign in again (RFC 9700, section 4.14.2).

mod browser;
mod grant;
mod list;
mod model;
mod open;
mod refresh;
mod revoke;
pub(crate) mod store;
mod sweep;
mod switch;

pub use browser::authenticate_browser;
pub use grant::{end_granted_session, find_refreshable, find_session};
pub use list::{ListError, list_sessions};
pub use model::{Session, SessionOrigin, SessionTerms, Tokens};
pub use open::{NewSession, OpenError, open_session, open_session_as};
pub use refresh::{RefreshError, refresh_session};
pub use revoke::{RevokeError, revoke_session};
pub(crate) use sweep::sweep;
pub use switch::{SwitchError, switch_session};
