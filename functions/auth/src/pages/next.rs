//! Where a browser goes after it is signed in.

/// The longest that is kept.
const MAX_LENGTH: usize = 4096;

/// A path of this installation, with its query. Never another site: a link to our sign-in page must not lead to a page that
/// looks like ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    /// Reads one; nothing when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Browsers take `//host` and `/\host` as another site, and leave tabs and line breaks out before they look.
        let ours = text.starts_with('/') && !text[1..].starts_with(['/', '\\']);
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (ours && plain && text.len() <= MAX_LENGTH).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_path_of_ours() {
        let longest = format!("/{}", "a".repeat(MAX_LENGTH - 1));
        for text in ["/", "/oauth/authorize?client_id=x&scope=a%20b", "/a//b", longest.as_str()] {
            assert_eq!(Next::parse(text).as_ref().map(Next::as_str), Some(text));
        }
        for text in [
            "",
            "a",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a\\b",
            "/a b",
            "/a\r\nset-cookie: x",
            "/é",
            "javascript:alert(1)",
            &format!("{longest}a"),
        ] {
            assert_eq!(Next::parse(text), None, "{text:?}");
        }
    }
}
