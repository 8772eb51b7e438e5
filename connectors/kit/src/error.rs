//! Why a call fails: the contract's `tool-error`.

use std::fmt;

use serde_path_to_error::{Path, Segment};

/// One fault of the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the arguments.
    pub pointer: String,
    /// What is wrong there, as the rest of a sentence that starts with the place.
    pub message: String,
}

/// Why a call fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The connector has nothing of that name: no tool, no prompt, no resource.
    #[error("there is no {0}")]
    UnknownTool(String),
    /// The arguments make no sense.
    #[error("{}", Faults(.0))]
    InvalidArguments(Vec<Fault>),
    /// The service behind the connector refused or failed.
    #[error("{message}")]
    Upstream {
        /// Its HTTP status, when it answered.
        status: Option<u16>,
        /// Why, in the service's own words where there are some.
        message: String,
    },
    /// Anything else, in words that help the caller.
    #[error("{0}")]
    Failed(String),
}

impl ToolError {
    /// One fault at a JSON pointer.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidArguments(vec![Fault { pointer: pointer.into(), message: message.into() }])
    }

    /// A failure in words.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What the service answered.
    #[must_use]
    pub fn upstream(status: u16, message: impl Into<String>) -> Self {
        Self::Upstream { status: Some(status), message: message.into() }
    }
}

struct Faults<'a>(&'a [Fault]);

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", fault.pointer, fault.message)?;
        }
        Ok(())
    }
}

/// A JSON pointer (RFC 6901) that is put together from its parts.
#[derive(Clone, Debug, Default)]
pub struct Pointer(String);

impl Pointer {
    /// The whole of the arguments.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// The member of an object or the element of an array below.
    #[must_use]
    pub fn child(mut self, part: impl fmt::Display) -> Self {
        self.0.push('/');
        self.0.push_str(&part.to_string().replace('~', "~0").replace('/', "~1"));
        self
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

impl From<&Path> for Pointer {
    fn from(path: &Path) -> Self {
        path.iter().fold(Self::root(), |pointer, segment| match segment {
            Segment::Seq { index } => pointer.child(index),
            Segment::Map { key } => pointer.child(key),
            // The variant of an enum has no place of its own in the JSON of an adjacently or internally tagged enum.
            Segment::Enum { .. } | Segment::Unknown => pointer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_rfc_6901_escapes() {
        assert_eq!(Pointer::root().to_string(), "");
        assert_eq!(Pointer::root().child("a/b").child("m~n").child(0).to_string(), "/a~1b/m~0n/0");
    }

    #[test]
    fn faults_read_as_one_sentence() {
        let faults = vec![
            Fault { pointer: "/a".into(), message: "is empty".into() },
            Fault { pointer: "/b".into(), message: "is too long".into() },
        ];
        assert_eq!(ToolError::InvalidArguments(faults).to_string(), "/a: is empty; /b: is too long");
    }
}
