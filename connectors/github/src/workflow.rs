//! A workflow, as callers name it.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What a part of a path can't hold as it is.
const PART: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

const MOST: usize = 255;

/// A workflow's id, or its file in `.github/workflows`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workflow(String);

impl Workflow {
    /// As a part of a path.
    pub(crate) fn part(&self) -> String {
        utf8_percent_encode(&self.0, PART).to_string()
    }
}

impl<'de> Deserialize<'de> for Workflow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The list of runs gives the whole path.
        let name = text.strip_prefix(".github/workflows/").unwrap_or(&text);
        let is_name = (1..=MOST).contains(&name.chars().count()) && name != "." && name != ".." && !name.contains('/');
        if is_name {
            return Ok(Self(name.to_owned()));
        }
        Err(D::Error::custom("is neither a workflow's id nor its file's name, such as ci.yml"))
    }
}

impl JsonSchema for Workflow {
    fn schema_name() -> Cow<'static, str> {
        "Workflow".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MOST + ".github/workflows/".len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_one_part_of_a_path() {
        let part = |text: &str| Workflow::deserialize(&serde_json::json!(text)).map(|workflow| workflow.part());
        for (text, expected) in [
            ("ci.yml", "ci.yml"),
            ("161335", "161335"),
            (".github/workflows/ci.yml", "ci.yml"),
            ("my build?.yml", "my%20build%3F.yml"),
            ("100%.yml", "100%25.yml"),
            ("größe.yml", "gr%C3%B6%C3%9Fe.yml"),
        ] {
            assert_eq!(part(text).expect(text), expected);
        }
        for text in ["", ".", "..", "../ci.yml", "a/b.yml", ".github/workflows/", &"x".repeat(256)] {
            assert!(part(text).is_err(), "{text}");
        }
    }
}
