//! What is wrong with one part of a JSON document.

use serde::Serialize;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the document.
    pub pointer: String,
    /// What is wrong there. It never repeats a value that may be private.
    pub message: String,
}

impl Fault {
    /// A fault at this place.
    #[must_use]
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}
