//! A text with one star in it, which stands for one character or more.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grants) struct Star {
    start: String,
    end: String,
}

impl Star {
    /// A text with exactly one star.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('*')?;
        (!end.contains('*')).then(|| Self { start: start.to_owned(), end: end.to_owned() })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        // What is between start and end, which may not overlap.
        let between = text.strip_prefix(self.start.as_str()).and_then(|rest| rest.strip_suffix(self.end.as_str()));
        between.is_some_and(|between| !between.is_empty())
    }

    /// Whether every text of `other` is one of these: it starts and ends with as much, and its star is one character
    /// at least too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.start.starts_with(&self.start) && other.end.ends_with(&self.end)
    }
}

impl fmt::Display for Star {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", self.start, self.end)
    }
}
