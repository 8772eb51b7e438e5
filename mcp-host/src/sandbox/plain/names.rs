//! Names of tools, from names of exports.
//!
//! A tool is called `interface_function`, or `function` where the component exports it outside of any interface. Where
//! two functions would be called the same, each gets its package's name in front; where that is not enough, its
//! package's version behind the interface; where nothing else tells them apart or a name is too long, a hash.

use std::collections::BTreeMap;

use bulkhead_connectors::{Slug, ToolName};
use sha2::{Digest, Sha256};

/// What clients of models accept as a tool's whole name, with the connector's slug in front.
const MAX_NAME: usize = 64;

/// Characters that a tool's name may need: part of the function's own name, and a hash.
const MIN_ROOM: usize = 16;

/// Hexadecimal digits of a hash.
const HASH_DIGITS: usize = 8;

/// A slug leaves no room for names of tools.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its slug is too long: the names of tools, {MAX_NAME} characters in all, start with it; use at most {} characters", MAX_NAME - MIN_ROOM - 1)]
pub(crate) struct SlugTooLong;

/// A function as the component exports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExportName {
    /// The interface's whole name, such as `acme:text/stats@1.0.0`.
    pub(super) interface: Option<String>,
    pub(super) function: String,
}

impl ExportName {
    /// The interface without package and version.
    pub(super) fn short_interface(&self) -> Option<&str> {
        let interface = self.interface.as_deref()?;
        let (_, name) = interface.split_once('/').unwrap_or(("", interface));
        Some(name.split_once('@').map_or(name, |(name, _)| name))
    }

    /// Both names, for people.
    pub(super) fn whole(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}.{}", self.function),
            None => self.function.clone(),
        }
    }

    fn qualified(&self, detail: Detail) -> String {
        let interface = self.interface.as_deref().unwrap_or_default();
        let (package, _) = interface.split_once('/').unwrap_or_default();
        let (_, version) = interface.split_once('@').unwrap_or_default();
        let short = self.short_interface().unwrap_or_default();
        let parts: &[&str] = match detail {
            Detail::Interface => &[short, &self.function],
            Detail::Package => &[package, short, &self.function],
            Detail::Version | Detail::Hash if !version.is_empty() => &[package, short, "v", version, &self.function],
            Detail::Version | Detail::Hash => &[package, short, &self.function],
        };
        snake_case(&parts.join("_"))
    }
}

/// How much of an export's name stands in the tool's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Interface,
    Package,
    Version,
    Hash,
}

impl Detail {
    fn more(self) -> Self {
        match self {
            Self::Interface => Self::Package,
            Self::Package => Self::Version,
            Self::Version | Self::Hash => Self::Hash,
        }
    }
}

/// The tools' names, in the exports' order. The same exports get the same names, in whatever order they stand.
///
/// # Errors
/// [`SlugTooLong`] when the slug leaves no room.
pub(super) fn tool_names(slug: &Slug, exports: &[ExportName]) -> Result<Vec<ToolName>, SlugTooLong> {
    let room = MAX_NAME.saturating_sub(slug.as_str().len() + 1);
    if room < MIN_ROOM {
        return Err(SlugTooLong);
    }
    let mut details = vec![Detail::Interface; exports.len()];
    loop {
        let names: Vec<String> =
            exports.iter().zip(&details).map(|(export, detail)| fit(export, *detail, room)).collect();
        let mut count = BTreeMap::new();
        for name in &names {
            *count.entry(name).or_insert(0) += 1;
        }
        let ambiguous = |index: usize| count.get(&names[index]).is_some_and(|count| *count > 1);
        let undecided: Vec<usize> =
            (0..exports.len()).filter(|index| ambiguous(*index) && details[*index] != Detail::Hash).collect();
        if undecided.is_empty() {
            return Ok(names.into_iter().map(|name| name.parse().expect("it is made to be a name")).collect());
        }
        for index in undecided {
            details[index] = details[index].more();
        }
    }
}

fn fit(export: &ExportName, detail: Detail, room: usize) -> String {
    let name = export.qualified(detail);
    if name.len() <= room && detail != Detail::Hash {
        return name;
    }
    let hash = hex::encode(Sha256::digest(export.whole()));
    let kept = name.get(..name.len().min(room - HASH_DIGITS - 1)).unwrap_or_default().trim_end_matches('_');
    format!("{kept}_{}", hash.get(..HASH_DIGITS).unwrap_or_default())
}

/// Lower-case letters and digits with single underscores between them, a letter first.
fn snake_case(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name.to_owned() } else { format!("f{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(slug: &str, exports: &[&str]) -> Result<Vec<String>, SlugTooLong> {
        let exports: Vec<_> = exports
            .iter()
            .map(|export| match export.split_once('#') {
                Some((interface, function)) => {
                    ExportName { interface: Some(interface.to_owned()), function: function.to_owned() }
                }
                None => ExportName { interface: None, function: (*export).to_owned() },
            })
            .collect();
        let names = tool_names(&slug.parse().expect("a slug"), &exports)?;
        Ok(names.into_iter().map(|name| name.as_str().to_owned()).collect())
    }

    #[test]
    fn a_name_is_the_interface_and_the_function() {
        let found =
            names("x", &["fetch-page", "acme:text/stats@1.0.0#count-words", "inline#HTTP-get", "a:b/c#[static]d.e"]);
        assert_eq!(found.expect("names"), ["fetch_page", "stats_count_words", "inline_http_get", "c_static_d_e"]);
    }

    #[test]
    fn what_would_be_called_the_same_is_told_apart() {
        let found = names("x", &["a:b/math#add", "c:d/math#add", "c:d/math#sub"]).expect("names");
        assert_eq!(found, ["a_b_math_add", "c_d_math_add", "math_sub"]);
        let found = names("x", &["a:b/math@1.0.0#add", "a:b/math@2.0.0-rc.1#add"]).expect("names");
        assert_eq!(found, ["a_b_math_v_1_0_0_add", "a_b_math_v_2_0_0_rc_1_add"]);
        // Neither has a package, so only a hash is left.
        let found = names("x", &["x#y-z", "x-y#z"]).expect("names");
        assert!(found[0].starts_with("x_y_z_") && found[1].starts_with("x_y_z_"), "{found:?}");
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn the_order_of_exports_makes_no_difference() {
        let exports = ["a:b/math#add", "c:d/math#add", "math-add", "a:b/math@1.0.0#add"];
        let mut forwards = names("x", &exports).expect("names");
        let reversed: Vec<_> = exports.iter().rev().copied().collect();
        let mut backwards = names("x", &reversed).expect("names");
        backwards.reverse();
        assert_eq!(forwards, backwards);
        forwards.sort();
        forwards.dedup();
        assert_eq!(forwards.len(), exports.len());
    }

    #[test]
    fn with_the_slug_a_name_has_at_most_64_characters() {
        let long = "f".repeat(80);
        let slug = "s".repeat(47);
        for slug in ["x", &slug] {
            let found = names(slug, &[&long, &format!("{long}g")]).expect("names");
            assert!(found.iter().all(|name| slug.len() + 1 + name.len() <= MAX_NAME), "{found:?}");
            assert_ne!(found[0], found[1]);
        }
        let room = "f".repeat(62);
        assert_eq!(names("x", &[&room]).expect("names"), [room]);
        assert_eq!(names(&"s".repeat(48), &["f"]), Err(SlugTooLong));
    }
}
