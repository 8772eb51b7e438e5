//! What people may call things.

use bulkhead_kernel::Fault;

/// The most characters of a name.
const MAX_NAME: usize = 100;
/// The most characters of a slug: a label of a domain name.
const MAX_SLUG: usize = 63;
/// The most characters of a description.
const MAX_DESCRIPTION: usize = 1000;

/// A name for people.
pub(crate) fn check_name(pointer: &str, name: &str, faults: &mut Vec<Fault>) {
    let sane = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !sane || name.trim() != name {
        let rule = format!("a name has from 1 to {MAX_NAME} characters, and no spaces at its ends");
        faults.push(Fault::new(pointer, rule));
    }
}

/// A name in addresses.
pub(crate) fn check_slug(pointer: &str, slug: &str, faults: &mut Vec<Fault>) {
    let sane = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let parts = slug.split('-').all(|part| !part.is_empty() && part.bytes().all(sane));
    if slug.len() > MAX_SLUG || !parts {
        let rule = "lower-case letters, digits and single hyphens between them";
        faults.push(Fault::new(pointer, format!("a slug is {rule}, at most {MAX_SLUG} characters")));
    }
}

/// A description, which may be empty and have several lines.
pub(crate) fn check_description(pointer: &str, text: &str, faults: &mut Vec<Fault>) {
    let sane = text.chars().all(|c| c == '\n' || !c.is_control());
    if text.chars().count() > MAX_DESCRIPTION || !sane {
        let rule = format!(
            "a description has at most {MAX_DESCRIPTION} characters, and of control characters line breaks alone"
        );
        faults.push(Fault::new(pointer, rule));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(check: fn(&str, &str, &mut Vec<Fault>), text: &str) -> bool {
        let mut faults = Vec::new();
        check("/x", text, &mut faults);
        faults.is_empty()
    }

    #[test]
    fn each_text_is_checked_on_both_sides() {
        for (text, ok) in [
            ("a", true),
            (&"é".repeat(100), true),
            (&"é".repeat(101), false),
            ("", false),
            ("a\n", false),
            (" a", false),
        ] {
            assert_eq!(is(check_name, text), ok, "{text:?}");
        }
        for (text, ok) in [
            ("a-1", true),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
            ("", false),
            ("A", false),
            ("a--b", false),
            ("-a", false),
        ] {
            assert_eq!(is(check_slug, text), ok, "{text:?}");
        }
        for (text, ok) in
            [("", true), ("a\nb", true), (&"é".repeat(1000), true), (&"é".repeat(1001), false), ("\0", false)]
        {
            assert_eq!(is(check_description, text), ok, "{text:?}");
        }
    }
}
