//! The `Link` header (RFC 8288), by which services lead from page to page.

use super::Response;

/// The address that an answer links to by this relation, such as `next`, as the service wrote it.
#[must_use]
pub fn link<'a>(response: &'a Response, relation: &str) -> Option<&'a str> {
    let headers = response.headers().get_all(http::header::LINK).iter().filter_map(|value| value.to_str().ok());
    headers.flat_map(Links).find(|link| link.is(relation)).map(|link| link.target)
}

/// One link: `<target>; name=value; name="value"`.
struct Link<'a> {
    target: &'a str,
    parameters: &'a str,
}

impl Link<'_> {
    /// Only the first `rel` counts (RFC 8288, section 3.3); it may name several relations.
    fn is(&self, relation: &str) -> bool {
        let parameters = split(self.parameters, ';').filter_map(|parameter| parameter.split_once('='));
        let mut rel = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
        rel.next().is_some_and(|(_, value)| {
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            relations.any(|named| named.eq_ignore_ascii_case(relation))
        })
    }
}

/// The links of one header, up to the first that is none.
struct Links<'a>(&'a str);

impl<'a> Iterator for Links<'a> {
    type Item = Link<'a>;

    fn next(&mut self) -> Option<Link<'a>> {
        let start = self.0.trim_start_matches([' ', '\t', ',']);
        // A target may hold commas and semicolons, so it is taken before anything is split.
        let (target, rest) = start.strip_prefix('<')?.split_once('>')?;
        let parameters = split(rest, ',').next().unwrap_or_default();
        self.0 = &rest[parameters.len()..];
        Some(Link { target: target.trim(), parameters })
    }
}

/// The parts between separators that are not inside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let separates = c == separator && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        separates
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(header: &str) -> Option<String> {
        link(&Response::new(200, "").with_header("link", header), "next").map(ToOwned::to_owned)
    }

    #[test]
    fn the_relation_is_found_wherever_it_stands() {
        for header in [
            r#"<https://h/x?page=2>; rel="next""#,
            r#"<https://h/x?page=1>; rel="prev", <https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last""#,
            "<https://h/x?page=1>;rel=prev,<https://h/x?page=2>;rel=next",
            r#"<https://h/x?page=2>; title="a, b; rel=\"last\""; REL="last NEXT""#,
        ] {
            assert_eq!(next(header).as_deref(), Some("https://h/x?page=2"), "{header}");
        }
        assert_eq!(next(r#"<https://h/a,b;c>; rel="next""#).as_deref(), Some("https://h/a,b;c"));
    }

    #[test]
    fn what_is_not_the_relation_is_not_found() {
        for header in [
            "",
            "https://h/; rel=next",
            "<https://h/",
            r#"<https://h/>; rel="prev""#,
            r#"<https://h/>; rel="nextish""#,
            r#"<https://h/>; title="rel=next""#,
            r#"<https://h/>; rel="prev"; rel="next""#,
            r#"<https://h/>; title="x, <https://h/>; rel=next""#,
        ] {
            assert_eq!(next(header), None, "{header}");
        }
        assert_eq!(link(&Response::new(200, ""), "next"), None);
    }

    #[test]
    fn several_headers_are_one_list() {
        let response = Response::new(200, "").with_header("link", "<a>; rel=prev").with_header("link", "<b>; rel=next");
        assert_eq!(link(&response, "next"), Some("b"));
    }
}
