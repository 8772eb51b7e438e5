//! An e-mail address, as we compare it.

use std::fmt;
use std::str::FromStr;

/// The longest address that mail can have (RFC 5321, section 4.5.3.1.3).
const MAX_LENGTH: usize = 254;

/// An address in lower case. Whether mail reaches anybody there is for a mail to find out, so little is checked.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// A text is not an address. It is not repeated: somebody may have typed a password in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address; one is like ada@example.com, with at most {MAX_LENGTH} characters")]
pub struct InvalidEmail;

impl EmailAddress {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of a machine's own (RFC 6761, section 6.3): another on every machine, so nobody else can say whose.
    pub(crate) fn is_local(&self) -> bool {
        self.0.rsplit_once('@').is_some_and(|(_, domain)| domain == "localhost" || domain.ends_with(".localhost"))
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;
    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let sane = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
        if text.len() > MAX_LENGTH || !sane(local) || !sane(domain) || domain.contains(['<', '>', ',', ';']) {
            return Err(InvalidEmail);
        }
        Ok(Self(text.to_lowercase()))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_compared_in_lower_case() {
        let address: EmailAddress = "Ada@Example.COM".parse().expect("an address");
        assert_eq!(address.as_str(), "ada@example.com");
        assert!("owner@localhost".parse::<EmailAddress>().is_ok());
        let longest = format!("{}@example.com", "a".repeat(MAX_LENGTH - 12));
        assert!(longest.parse::<EmailAddress>().is_ok());
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "ada@exa mple",
            "ada@a\r\nBcc: x",
            &format!("a{longest}"),
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(InvalidEmail), "{bad:?}");
        }
    }
}
