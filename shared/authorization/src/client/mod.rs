//! OAuth clients: who asks for access.
//!
//! There are two kinds. One registers itself (RFC 7591) and gets an id from us; the other has as its id the https URL of a
//! document that describes it (draft-ietf-oauth-client-id-metadata-document), of which we keep a copy for a while. Neither
//! is known to anybody: what a client says of itself is told to users as what it says of itself.

mod authenticate;
mod document;
mod find;
mod metadata;
mod model;
mod register;
mod store;

pub use authenticate::{PresentedClient, authenticate_client};
pub use document::{ClientDocuments, Document, DocumentError};
pub use find::find_client;
pub use metadata::ClientMetadata;
pub use model::{Client, ClientKind, TokenAuthMethod};
pub use register::{Registered, register_client};
pub(crate) use store::mark_used;
