//! What a grant says of hosts and paths, and how two such sayings are compared.

use url::Host;

use super::GrantError;

/// Which hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostPattern {
    Exactly(Host<String>),
    /// One label, then this.
    OneLabelBelow(String),
}

impl HostPattern {
    pub(super) fn matches(&self, host: &Host<String>) -> bool {
        match (self, host) {
            (Self::Exactly(pattern), host) => pattern == host,
            (Self::OneLabelBelow(domain), Host::Domain(host)) => {
                host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain)
            }
            (Self::OneLabelBelow(_), _) => false,
        }
    }

    /// Whether every host of `other` is one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exactly(host) => self.matches(host),
            Self::OneLabelBelow(_) => self == other,
        }
    }

    /// The hosts that both mean. Of two patterns one covers the other, or they have nothing in common.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        if self.covers(other) { Some(other.clone()) } else { other.covers(self).then(|| self.clone()) }
    }
}

/// Which paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathPattern {
    Exactly(String),
    /// Everything that starts with this, which ends in a slash.
    Below(String),
}

impl PathPattern {
    pub(super) fn new(prefix: &str, path: &str) -> Result<Self, GrantError> {
        if !path.starts_with('/') {
            return Err(GrantError::InvalidPath(path.to_owned()));
        }
        let whole = format!("{prefix}{path}");
        Ok(match whole.strip_suffix('*') {
            Some(start) if start.ends_with('/') && !start.contains('*') => Self::Below(start.to_owned()),
            _ if whole.contains('*') => return Err(GrantError::InvalidPath(path.to_owned())),
            _ => Self::Exactly(whole),
        })
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exactly(pattern) => path == pattern,
            Self::Below(start) => path.starts_with(start.as_str()),
        }
    }

    /// Whether every path of `other` is one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exactly(path) => self.matches(path),
            Self::Below(start) => matches!(self, Self::Below(own) if start.starts_with(own.as_str())),
        }
    }

    /// The paths that both mean. Of two patterns one covers the other, or they have nothing in common.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        if self.covers(other) { Some(other.clone()) } else { other.covers(self).then(|| self.clone()) }
    }
}
