//! What a grant says of hosts and paths, and when one such saying is narrower than another.
//!
//! A star stands for at least one character of one label of a host, or of one segment of a path, and there is at most one
//! in each; two stars as the last segment stand for the rest, whatever it is. A path is judged in the form in which it
//! is sent, so that a pattern's own text matches nothing but itself. What a star stands for is read as every server on
//! the way may read it: a segment that holds a slash, or an end, in some encoding is none that a star may mean.
//!
//! [`HostPattern::covers`] and [`PathPattern::covers`] are sound: what they call narrower matches nothing that the wider
//! one does not. `star` is what both have in common.

mod star;
#[cfg(test)]
mod tests;

use std::fmt;

use star::Star;
use url::{Host, Url};

use super::path::{is_one_segment, is_plain};

/// Which hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostPattern {
    /// This one.
    Exactly(Host<String>),
    /// Names whose first label matches, followed by the rest.
    FirstLabel { label: Star, rest: String },
}

impl HostPattern {
    /// A first label with a star, and the name after it.
    pub(super) fn below(label: &str, rest: &str) -> Option<Self> {
        // What a name may consist of (RFC 1123), and the underscore that many have.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
        let label = label.chars().all(plain).then(|| Star::read(&label.to_ascii_lowercase()))??;
        Some(Self::FirstLabel { label, rest: rest.to_owned() })
    }

    pub(super) fn matches(&self, host: &Host<String>) -> bool {
        match (self, host) {
            (Self::Exactly(pattern), host) => pattern == host,
            (Self::FirstLabel { label, rest }, Host::Domain(host)) => {
                host.split_once('.').is_some_and(|(first, others)| label.matches(first) && others == rest)
            }
            (Self::FirstLabel { .. }, _) => false,
        }
    }

    /// Whether every host of `other` is one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exactly(host)) => self.matches(host),
            (Self::FirstLabel { label: own, rest: below }, Self::FirstLabel { label, rest }) => {
                own.covers(label) && below == rest
            }
            (Self::Exactly(_), Self::FirstLabel { .. }) => false,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(host) => host.fmt(f),
            Self::FirstLabel { label, rest } => write!(f, "{label}.{rest}"),
        }
    }
}

/// Why a text is no pattern of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathPatternError {
    /// It is none at all.
    #[error("a path starts with a slash")]
    NotAbsolute,
    /// It is a path that no request has.
    #[error(
        "no request is sent with such a path: it has to be percent-encoded as in a URL, without query and fragment, and \
         can't have segments that are `.` or `..` in any encoding"
    )]
    NeverSent,
    /// Servers don't agree about what it is.
    #[error("an empty segment stands at the end alone")]
    EmptySegment,
    /// The rest is not at the end.
    #[error("`**` is the last segment, and the whole of it; write `*` for one segment, or a part of one")]
    RestBeforeTheEnd,
    /// A segment has more stars than one.
    #[error("a segment has one star at most")]
    ManyStars,
    /// A star stands beside what servers read in more ways than one.
    #[error("a segment with a star has neither a percent sign nor a semicolon")]
    BesideAStar,
}

/// Which paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathPattern {
    segments: Vec<Segment>,
    /// Whether more follows: a slash, and then anything or nothing.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Exactly(String),
    Any(Star),
}

impl PathPattern {
    /// Paths that start with `prefix`, which is the path of a URL, without a slash at its end, and go on like this. One that
    /// goes on with nothing is the prefix itself.
    pub(super) fn new(prefix: &str, path: &str) -> Result<Self, PathPatternError> {
        let mut segments: Vec<_> = below(prefix).map(|segment| Segment::Exactly(segment.to_owned())).collect();
        if path.is_empty() {
            return Ok(Self { segments, open: false });
        }
        let written = path.strip_prefix('/').ok_or(PathPatternError::NotAbsolute)?;
        if !is_sent(path) {
            return Err(PathPatternError::NeverSent);
        }
        let mut written: Vec<_> = written.split('/').collect();
        let open = written.last() == Some(&"**");
        if open {
            written.pop();
        }
        let inner = if open { written.len() } else { written.len() - 1 };
        if written[..inner].contains(&"") {
            return Err(PathPatternError::EmptySegment);
        }
        for segment in written {
            segments.push(Segment::read(segment)?);
        }
        Ok(Self { segments, open })
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        let mut given = path.split('/');
        let start = self.segments.iter().all(|own| given.next().is_some_and(|segment| own.matches(segment)));
        start && given.next().is_some() == self.open
    }

    /// Whether every path of `other` is one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let (own, others) = (self.segments.len(), other.segments.len());
        let long_enough = match (self.open, other.open) {
            (true, true) => others >= own,
            (true, false) => others > own,
            (false, true) => false,
            (false, false) => others == own,
        };
        long_enough && self.segments.iter().zip(&other.segments).all(|(own, other)| own.covers(other))
    }
}

impl Segment {
    fn read(text: &str) -> Result<Self, PathPatternError> {
        if text.contains("**") {
            return Err(PathPatternError::RestBeforeTheEnd);
        }
        if !text.contains('*') {
            return Ok(Self::Exactly(text.to_owned()));
        }
        let star = Star::read(text).ok_or(PathPatternError::ManyStars)?;
        if text.contains(['%', ';']) { Err(PathPatternError::BesideAStar) } else { Ok(Self::Any(star)) }
    }

    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Exactly(own) => own == segment,
            Self::Any(star) => is_one_segment(segment, |reading| star.matches(reading)),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exactly(segment)) => self.matches(segment),
            (Self::Any(own), Self::Any(star)) => own.covers(star),
            (Self::Exactly(_), Self::Any(_)) => false,
        }
    }
}

/// The segments of a URL's path that has no slash at its end.
fn below(prefix: &str) -> impl Iterator<Item = &str> {
    prefix.strip_prefix('/').into_iter().flat_map(|prefix| prefix.split('/'))
}

/// Whether a request's path can look like this.
fn is_sent(path: &str) -> bool {
    // After a host, so that two slashes are not the start of one.
    let url = Url::parse(&format!("https://example.com{path}"));
    url.is_ok_and(|url| url.path() == path && is_plain(path))
}
