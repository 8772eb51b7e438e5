//! Arguments whose types say what they may be: to JSON Schema, and to whoever reads them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.chars().count() {
            count if count < MIN && MIN == 1 => Err(D::Error::custom("is empty")),
            count if (MIN..=MAX).contains(&count) => Ok(Self(text)),
            _ => Err(D::Error::custom(format_args!("must have {MIN} to {MAX} characters"))),
        }
    }
}

impl<const MIN: usize, const MAX: usize> JsonSchema for Text<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX })
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: u64, const MAX: u64>(u64);

/// A number that GitHub gives, such as a run's id or a pull request's number. JSON's numbers are exact up to here.
pub(crate) type Id = Whole<1, 9_007_199_254_740_991>;
/// Which page of a list, from 1.
pub(crate) type PageNumber = Whole<1, 100_000>;
/// How many items a page has, at most.
pub(crate) type PerPage = Whole<1, 100>;

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    pub(crate) const fn new(number: u64) -> Self {
        assert!(number >= MIN && number <= MAX, "a default is one of the allowed values");
        Self(number)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// As a length. Whoever asks for one has a maximum that fits.
    pub(crate) fn length(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for Whole<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u64, const MAX: u64> serde::Serialize for Whole<MIN, MAX> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        if (MIN..=MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(D::Error::custom(format_args!("must be from {MIN} to {MAX}")))
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Whole<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// The login of a user or an organisation: one part of a path, so it is held to the characters that logins have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner(pub(crate) String);

/// The name of a repository, without its owner: one part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repo(pub(crate) String);

const OWNER: &str = "^[A-Za-z0-9_-]{1,100}$";
const REPO: &str = "^[A-Za-z0-9._-]{1,100}$";

fn is_name(text: &str, more: &str) -> bool {
    (1..=100).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_name(&text, "_-") {
            return Ok(Self(text));
        }
        Err(D::Error::custom("is not the login of a user or organisation, such as octocat"))
    }
}

impl<'de> Deserialize<'de> for Repo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_name(&text, "._-") && text != "." && text != ".." {
            return Ok(Self(text));
        }
        Err(D::Error::custom("is not a repository's name without its owner, such as hello-world"))
    }
}

impl JsonSchema for Owner {
    fn schema_name() -> Cow<'static, str> {
        "Owner".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": OWNER })
    }
}

impl JsonSchema for Repo {
    fn schema_name() -> Cow<'static, str> {
        "Repo".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": REPO })
    }
}

/// A point in time in RFC 3339, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) String);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<jiff::Timestamp>() {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err(D::Error::custom("is not RFC 3339 with an offset, such as 2026-01-31T08:00:00Z")),
        }
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reads<'a, T: Deserialize<'a>>(value: &'a Value) -> bool {
        T::deserialize(value).is_ok()
    }

    #[test]
    fn lengths_and_numbers_are_limited_on_both_sides() {
        for (text, allowed) in [("", false), ("ä", true), ("äöü", true), ("äöüß", false)] {
            assert_eq!(reads::<Text<1, 3>>(&json!(text)), allowed, "{text}");
        }
        for (number, allowed) in [(0, false), (1, true), (100, true), (101, false), (-1, false)] {
            assert_eq!(reads::<PerPage>(&json!(number)), allowed, "{number}");
        }
        assert!(!reads::<PerPage>(&json!(1.5)) && !reads::<PerPage>(&json!("1")));
    }

    #[test]
    fn a_name_is_one_part_of_a_path() {
        for name in ["octocat", "a", "Mona-Lisa", "mona_corp", "0"] {
            assert!(reads::<Owner>(&json!(name)), "{name}");
        }
        for name in ["", "a/b", "a.b", "..", "a b", "ä", "a%2e", "a?b"] {
            assert!(!reads::<Owner>(&json!(name)), "{name}");
        }
        for name in ["hello-world", ".github", "a.b_c", "..."] {
            assert!(reads::<Repo>(&json!(name)), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a#b", "%2e%2e", "a\\b"] {
            assert!(!reads::<Repo>(&json!(name)), "{name}");
        }
        assert!(reads::<Repo>(&json!("x".repeat(100))) && !reads::<Repo>(&json!("x".repeat(101))));
        assert!(reads::<Owner>(&json!("x".repeat(100))) && !reads::<Owner>(&json!("x".repeat(101))));
    }

    #[test]
    fn a_time_is_rfc_3339() {
        assert!(reads::<Time>(&json!("2026-01-31T08:00:00Z")) && reads::<Time>(&json!("2026-01-31T08:00:00+02:00")));
        assert!(!reads::<Time>(&json!("yesterday")) && !reads::<Time>(&json!("2026-01-31")));
    }
}
