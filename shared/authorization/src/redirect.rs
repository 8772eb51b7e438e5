//! Where a browser is sent back to.

use url::{Host, Url};

/// Schemes of applications whose makers did not reverse a domain, as RFC 8252, section 7.1 asks.
const APPLICATIONS: [&str; 6] = ["cursor", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed"];

/// A redirect URI that may be registered: https, http on a loopback address, or an application's own scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    /// As it was written: they are compared letter by letter (RFC 9700, section 2.1).
    text: String,
    url: Url,
}

/// A text is no redirect URI that may be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a redirect URI is https, http on 127.0.0.1, [::1] or localhost, or an application's own scheme with a dot in it, without \
     user and fragment"
)]
pub struct InvalidRedirectUri;

impl RedirectUri {
    /// Reads one.
    ///
    /// # Errors
    /// [`InvalidRedirectUri`].
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, InvalidRedirectUri> {
        let sane = text.len() <= max_bytes && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\`{}".contains(&b));
        let url = Url::parse(text).ok().filter(|_| sane).ok_or(InvalidRedirectUri)?;
        let scheme_allowed = match url.scheme() {
            "https" => url.has_host(),
            "http" => is_loopback(&url),
            scheme => scheme.contains('.') || APPLICATIONS.contains(&scheme),
        };
        // Whatever looks like a user is there to make a host look like another.
        let honest = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if scheme_allowed && honest { Ok(Self { text: text.to_owned(), url }) } else { Err(InvalidRedirectUri) }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a request that names `asked` may be answered there: the same letters, but for the port of a loopback
    /// address, which the operating system chooses anew each time (RFC 8252, section 7.3).
    #[must_use]
    pub fn allows(&self, asked: &RedirectUri) -> bool {
        if self.text == asked.text {
            return true;
        }
        let without_port = |url: &Url| {
            let mut url = url.clone();
            url.set_port(None).map(|()| url).ok()
        };
        let both_loopback = self.url.scheme() == "http" && is_loopback(&self.url) && is_loopback(&asked.url);
        both_loopback && without_port(&self.url).is_some_and(|own| without_port(&asked.url) == Some(own))
    }

    /// Who is at its other end, for a person: the host, this machine, or the application's scheme.
    #[must_use]
    pub fn destination(&self) -> String {
        match (self.url.scheme(), self.url.host_str()) {
            ("http", _) => "an application on this computer".to_owned(),
            ("https", Some(host)) => host.to_owned(),
            (scheme, _) => format!("the application {scheme}:"),
        }
    }

    /// What a content security policy calls where it leads: browsers hold a form's redirects against it.
    #[must_use]
    pub fn policy_source(&self) -> String {
        match self.url.scheme() {
            "http" | "https" => self.url.origin().ascii_serialization(),
            scheme => format!("{scheme}:"),
        }
    }

    /// The URI with these parameters added to its query.
    #[must_use]
    pub fn with<'a>(&self, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text, 2048).expect(text)
    }

    #[test]
    fn what_leads_to_no_single_application_can_not_be_registered() {
        for text in [
            "https://app.example.com/cb",
            "https://app.example.com:8443/cb?a=b",
            "http://127.0.0.1:3000/cb",
            "http://localhost/cb",
            "http://[::1]/cb",
            "com.example.app:/cb",
            "cursor://anysphere.cursor/cb",
        ] {
            assert_eq!(uri(text).as_str(), text);
        }
        for text in [
            "",
            "/cb",
            "http://app.example.com/cb",
            "http://localhost.example.com/cb",
            "https://app.example.com/cb#",
            "https://app.example.com/cb#a",
            "https://you@app.example.com/cb",
            "https://",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "app:/cb",
            "https://app.example.com/a b",
            "https://app.example.com/\n",
            "https://app.example.com/\"",
        ] {
            assert_eq!(RedirectUri::parse(text, 2048), Err(InvalidRedirectUri), "{text}");
        }
        assert!(RedirectUri::parse("https://a.example/", 17).is_err());
        assert!(RedirectUri::parse("https://a.example/", 18).is_ok());
    }

    #[test]
    fn a_redirect_is_compared_letter_by_letter_but_for_a_loopback_port() {
        let registered = uri("https://app.example.com/cb");
        assert!(registered.allows(&uri("https://app.example.com/cb")));
        for other in [
            "https://app.example.com/cb/",
            "https://app.example.com/cb?a",
            "https://app.example.com:443/cb",
            "https://APP.example.com/cb",
            "https://app.example.com:8443/cb",
            "https://evil.example.com/cb",
        ] {
            assert!(!registered.allows(&uri(other)), "{other}");
        }
        let local = uri("http://127.0.0.1/cb");
        assert!(local.allows(&uri("http://127.0.0.1:49152/cb")));
        for other in [
            "http://127.0.0.1:49152/other",
            "http://localhost:49152/cb",
            "http://127.0.0.2:1/cb",
            "https://127.0.0.1/cb",
        ] {
            assert!(!local.allows(&uri(other)), "{other}");
        }
        assert!(!uri("com.example.app:/cb").allows(&uri("com.example.app:/cc")));
    }

    #[test]
    fn parameters_are_added_to_a_query() {
        assert_eq!(uri("https://a.example/cb?x=1").with([("code", "a&b")]), "https://a.example/cb?x=1&code=a%26b");
        assert_eq!(uri("com.example.app:/cb").with([("code", "a")]), "com.example.app:/cb?code=a");
        assert_eq!(uri("com.example.app:/cb").policy_source(), "com.example.app:");
        assert_eq!(uri("http://127.0.0.1:1/cb").policy_source(), "http://127.0.0.1:1");
    }
}
