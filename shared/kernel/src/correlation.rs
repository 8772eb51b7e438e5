//! The id that ties a request to its logs, job, events and audit entry.

use std::fmt;

use crate::Entropy;
use crate::entropy;

/// A correlation id: 1 to 64 characters of `A-Z a-z 0-9 - _ .`, taken from the request or made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// The header that carries it, both ways.
    pub const HEADER: &'static str = "x-correlation-id";
    /// More characters than this are not sane.
    pub const MAX_LENGTH: usize = 64;

    /// Takes what a request brought when it is sane, or makes a new one.
    #[must_use]
    pub fn accept(offered: Option<&str>, entropy: &dyn Entropy) -> Self {
        offered.and_then(Self::parse).unwrap_or_else(|| Self(hex::encode(entropy::bytes::<16>(entropy))))
    }

    /// The id, when the text is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        ((1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(sane)).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_ids_are_taken_from_a_request() {
        assert!(CorrelationId::parse("build-42_a.b").is_some());
        assert!(CorrelationId::parse(&"a".repeat(64)).is_some());
        assert!(CorrelationId::parse(&"a".repeat(65)).is_none());
        assert!(CorrelationId::parse("").is_none());
        assert!(CorrelationId::parse("a b").is_none());
        assert!(CorrelationId::parse("a\nb").is_none());
        assert!(CorrelationId::parse("naïve").is_none());
    }
}
