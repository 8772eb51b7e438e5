//! `semver_compare`: which of two versions is newer, and whether they meet a requirement.

use std::cmp::Ordering;

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

/// Two versions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SemverCompareInput {
    /// A version by Semantic Versioning 2.0.0, for example `1.4.0-rc.2`. A leading `v` is ignored.
    left: String,
    /// The version to compare it with.
    right: String,
    /// A requirement that both are matched with, as Cargo writes it: `^1.2`, `~1.4.3`, `>=1.2, <2`, `1.*`.
    #[serde(default)]
    requirement: Option<String>,
}

/// How they compare.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SemverCompareOutput {
    /// The left version is `less` (older), `equal` or `greater` (newer). Build metadata does not count.
    ordering: Order,
    /// The first part in which they differ.
    difference: Difference,
    /// Whether they meet the requirement, when there is one. A pre-release meets only a requirement that names a
    /// pre-release of the same version.
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Matches>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Less,
    Equal,
    Greater,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Difference {
    Major,
    Minor,
    Patch,
    Prerelease,
    Build,
    None,
}

/// Which versions meet the requirement.
#[derive(Debug, Serialize, JsonSchema)]
struct Matches {
    /// The left one does.
    left: bool,
    /// The right one does.
    right: bool,
}

/// The tool.
pub struct SemverCompare;

impl Tool for SemverCompare {
    const NAME: &'static str = "semver_compare";
    const TITLE: &'static str = "Compare versions";
    const DESCRIPTION: &'static str = "Compares two semantic versions by precedence (pre-releases included), and \
        optionally tells which of them meet a requirement such as ^1.2. Use it to decide whether an upgrade is \
        newer, breaking or allowed, instead of comparing version strings by eye.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = SemverCompareInput;
    type Output = SemverCompareOutput;

    fn call(input: SemverCompareInput) -> Result<SemverCompareOutput, ToolError> {
        let left = version(&input.left, "/left")?;
        let right = version(&input.right, "/right")?;
        let requirement = input.requirement.as_deref().map(requirement).transpose()?;
        let ordering = match left.cmp_precedence(&right) {
            Ordering::Less => Order::Less,
            Ordering::Equal => Order::Equal,
            Ordering::Greater => Order::Greater,
        };
        let matches = requirement.map(|wanted| Matches { left: wanted.matches(&left), right: wanted.matches(&right) });
        Ok(SemverCompareOutput { ordering, difference: difference(&left, &right), matches })
    }
}

fn version(text: &str, pointer: &str) -> Result<Version, ToolError> {
    let text = text.trim();
    let number = text.strip_prefix(['v', 'V']).unwrap_or(text);
    Version::parse(number)
        .map_err(|error| ToolError::invalid(pointer, format!("{text:?} is not a semantic version: {error}")))
}

fn requirement(text: &str) -> Result<VersionReq, ToolError> {
    VersionReq::parse(text)
        .map_err(|error| ToolError::invalid("/requirement", format!("{text:?} is not a requirement: {error}")))
}

fn difference(left: &Version, right: &Version) -> Difference {
    if left.major != right.major {
        Difference::Major
    } else if left.minor != right.minor {
        Difference::Minor
    } else if left.patch != right.patch {
        Difference::Patch
    } else if left.pre != right.pre {
        Difference::Prerelease
    } else if left.build != right.build {
        Difference::Build
    } else {
        Difference::None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::CONNECTOR;

    fn call(arguments: Value) -> Result<Value, ToolError> {
        let reply = CONNECTOR.call("semver_compare", &arguments.to_string())?;
        Ok(serde_json::from_str(&reply).expect("a result is JSON"))
    }

    #[test]
    fn precedence_is_that_of_semver_2() {
        let order =
            ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1", "1.9.0", "1.10.0"];
        for pair in order.windows(2) {
            let found = call(json!({"left": pair[0], "right": pair[1]})).expect("compares");
            assert_eq!(found["ordering"], "less", "{pair:?}");
            let found = call(json!({"left": pair[1], "right": pair[0]})).expect("compares");
            assert_eq!(found["ordering"], "greater", "{pair:?}");
        }
    }

    #[test]
    fn the_difference_is_the_first_part_that_differs() {
        for (left, right, difference) in [
            ("1.0.0", "2.1.0", "major"),
            ("1.0.0", "1.1.1", "minor"),
            ("1.0.0", "1.0.1", "patch"),
            ("1.0.0-rc.1", "1.0.0", "prerelease"),
        ] {
            let found = call(json!({"left": left, "right": right})).expect("compares");
            assert_eq!(found["difference"], difference);
        }
        let same = call(json!({"left": "v1.0.0+a", "right": "1.0.0+b"}));
        assert_eq!(same, Ok(json!({"ordering": "equal", "difference": "build"})));
        let same = call(json!({"left": "1.0.0", "right": "V1.0.0"}));
        assert_eq!(same, Ok(json!({"ordering": "equal", "difference": "none"})));
    }

    #[test]
    fn a_requirement_is_matched_with_both() {
        let found =
            call(json!({"left": "1.4.9", "right": "2.0.0-rc.1", "requirement": ">=1.2, <2"})).expect("compares");
        assert_eq!(found["matches"], json!({"left": true, "right": false}));
    }

    #[test]
    fn what_is_no_version_or_requirement_is_refused_at_its_place() {
        let good = json!({"left": "1.0.0", "right": "1.0.0", "requirement": "^1"});
        assert!(call(good.clone()).is_ok());
        for (name, value) in
            [("left", "1.0"), ("right", "1.0.0.0"), ("left", ""), ("right", "01.0.0"), ("requirement", "one")]
        {
            let mut arguments = good.clone();
            arguments[name] = value.into();
            let refused = call(arguments);
            let Err(ToolError::InvalidArguments(faults)) = refused else { panic!("{name}: {refused:?}") };
            assert_eq!(faults[0].pointer, format!("/{name}"));
        }
    }
}
