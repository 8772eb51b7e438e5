//! Cookies of this host alone.

use http::header::{COOKIE, HeaderMap, HeaderValue};

/// A cookie whose prefix `__Host-` keeps browsers from taking it from another host, or without TLS (RFC 6265bis, section
/// 4.1.3.2); they trust their own machine without.
#[derive(Clone, Copy, Debug)]
pub struct HostCookie {
    name: &'static str,
    same_site: &'static str,
    http_only: &'static str,
}

impl HostCookie {
    /// One that comes along with no request that another site makes a browser send. `name` begins with `__Host-`.
    #[must_use]
    pub const fn strict(name: &'static str) -> Self {
        Self { name, same_site: "Strict", http_only: " HttpOnly;" }
    }

    /// One that comes along when another site leads here, too.
    #[must_use]
    pub const fn lax(name: &'static str) -> Self {
        Self { same_site: "Lax", ..Self::strict(name) }
    }

    /// The same, which a page's script can read.
    #[must_use]
    pub const fn readable(self) -> Self {
        Self { http_only: "", ..self }
    }

    /// What sets it for so many seconds; nothing when the value has characters that a cookie can't have.
    #[must_use]
    pub fn set(self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let value = value.bytes().all(sane).then(|| self.text(value, seconds))?;
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What removes it.
    #[must_use]
    pub fn forget(self) -> HeaderValue {
        HeaderValue::try_from(self.text("", 0)).expect("names of cookies are plain text")
    }

    /// Its value in a request.
    #[must_use]
    pub fn of(self, headers: &HeaderMap) -> Option<&str> {
        cookie(headers, self.name)
    }

    fn text(self, value: &str, seconds: u64) -> String {
        let Self { name, same_site, http_only } = self;
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure;{http_only} SameSite={same_site}")
    }
}

/// The one cookie of this name. Two are a confusion that somebody may profit from.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE_OF_TEST: HostCookie = HostCookie::lax("__Host-session");

    fn found(lines: &[&'static str]) -> Option<String> {
        let headers: HeaderMap = lines.iter().map(|line| (COOKIE, HeaderValue::from_static(line))).collect();
        COOKIE_OF_TEST.of(&headers).map(str::to_owned)
    }

    #[test]
    fn one_cookie_of_the_name_counts() {
        assert_eq!(found(&["a=b; __Host-session=x"]).as_deref(), Some("x"));
        assert_eq!(found(&["a=b", "__Host-session=x;c=d"]).as_deref(), Some("x"));
        for lines in [&[][..], &["session=x"], &["__host-session=x"], &["__Host-session=x; __Host-session=y"]] {
            assert_eq!(found(lines), None, "{lines:?}");
        }
        assert_eq!(found(&["__Host-session=x", "__Host-session=x"]), None);
    }

    #[test]
    fn a_cookie_is_set_as_it_is_removed_and_its_value_is_no_attribute() {
        let text = |value: HeaderValue| value.to_str().expect("text").to_owned();
        let set = COOKIE_OF_TEST.set("aZ0-_.", 60).expect("a cookie");
        assert!(set.is_sensitive());
        assert_eq!(text(set), "__Host-session=aZ0-_.; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax");
        let gone = text(HostCookie::strict("__Host-csrf").readable().forget());
        assert_eq!(gone, "__Host-csrf=; Path=/; Max-Age=0; Secure; SameSite=Strict");
        for value in ["a;b", "a b", "a\"", "a=b", "a,b", "\u{e9}"] {
            assert!(COOKIE_OF_TEST.set(value, 60).is_none(), "{value}");
        }
    }
}
