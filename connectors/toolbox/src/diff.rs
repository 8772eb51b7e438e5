//! `diff`: how two texts differ.

use std::time::Duration;

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

/// The most lines of context that a call may ask for.
pub const MAX_CONTEXT: u32 = 100;
/// The most characters of a label.
pub const MAX_LABEL: usize = 200;
/// How long to look for the smallest diff. A larger one that is found in time is worth more than a killed call.
const SEARCH: Duration = Duration::from_millis(700);

/// Two texts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffInput {
    /// The text before.
    before: String,
    /// The text after.
    after: String,
    /// Unchanged lines shown around every change.
    #[serde(default = "default_context")]
    #[schemars(range(max = MAX_CONTEXT))]
    context: u32,
    /// What the first text is called in the diff's header, for example a file's path.
    #[serde(default = "label_before")]
    #[schemars(length(max = MAX_LABEL))]
    before_label: String,
    /// What the second text is called in the diff's header.
    #[serde(default = "label_after")]
    #[schemars(length(max = MAX_LABEL))]
    after_label: String,
}

const fn default_context() -> u32 {
    3
}

fn label_before() -> String {
    "before".to_owned()
}

fn label_after() -> String {
    "after".to_owned()
}

/// How they differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffOutput {
    /// Whether the texts are the same.
    equal: bool,
    /// Lines that only the text after has.
    added: usize,
    /// Lines that only the text before has.
    removed: usize,
    /// The unified diff, empty when the texts are the same. `patch` can apply it.
    diff: String,
}

/// The tool.
pub struct Diff;

impl Tool for Diff {
    const NAME: &'static str = "diff";
    const TITLE: &'static str = "Compare two texts";
    const DESCRIPTION: &'static str = "Compares two texts line by line and returns a unified diff with the number of \
        added and removed lines. Use it to see exactly what changed between two versions of a file, a manifest or a \
        log, or to make a patch.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = DiffInput;
    type Output = DiffOutput;

    fn call(input: DiffInput) -> Result<DiffOutput, ToolError> {
        if input.context > MAX_CONTEXT {
            return Err(ToolError::invalid("/context", format!("must be from 0 to {MAX_CONTEXT}")));
        }
        check_label(&input.before_label, "/before_label")?;
        check_label(&input.after_label, "/after_label")?;

        let changes =
            TextDiff::configure().timeout(SEARCH).diff_lines::<_, _, str>(input.before.as_str(), input.after.as_str());
        let (mut added, mut removed) = (0, 0);
        for change in changes.iter_all_changes() {
            match change.tag() {
                ChangeTag::Insert => added += 1,
                ChangeTag::Delete => removed += 1,
                ChangeTag::Equal => {}
            }
        }
        let diff = changes
            .unified_diff()
            .context_radius(input.context as usize)
            .header(&input.before_label, &input.after_label)
            .to_string();
        Ok(DiffOutput { equal: input.before == input.after, added, removed, diff })
    }

    fn text(output: &DiffOutput) -> Option<String> {
        Some(if output.equal { "The texts are the same.".to_owned() } else { output.diff.clone() })
    }
}

fn check_label(label: &str, pointer: &str) -> Result<(), ToolError> {
    if label.chars().count() > MAX_LABEL {
        return Err(ToolError::invalid(pointer, format!("must not be longer than {MAX_LABEL} characters")));
    }
    if label.contains(char::is_control) {
        return Err(ToolError::invalid(pointer, "must be one line without control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_kit::{Content, Round, Turn};
    use serde_json::{Value, json};

    use super::*;
    use crate::CONNECTOR;

    fn call(arguments: Value) -> Result<Value, ToolError> {
        let reply = CONNECTOR.call("diff", &arguments.to_string())?;
        Ok(serde_json::from_str(&reply).expect("a result is JSON"))
    }

    #[test]
    fn a_change_shows_with_its_context_and_labels() {
        let arguments = json!({
            "before": "a\nb\nc\nd\n", "after": "a\nb\nC\nd\ne\n", "context": 1,
            "before_label": "a/x.txt", "after_label": "b/x.txt",
        });
        let diff = "--- a/x.txt\n+++ b/x.txt\n@@ -2,3 +2,4 @@\n b\n-c\n+C\n d\n+e\n";
        assert_eq!(call(arguments), Ok(json!({"equal": false, "added": 2, "removed": 1, "diff": diff})));
    }

    #[test]
    fn equal_texts_have_an_empty_diff_and_say_so() {
        let arguments = json!({"before": "a\n", "after": "a\n"});
        assert_eq!(call(arguments.clone()), Ok(json!({"equal": true, "added": 0, "removed": 0, "diff": ""})));
        let compared = CONNECTOR.run("diff", &arguments.to_string(), &Round::default()).expect("compares");
        let Turn::Done(reply) = compared else { panic!("it asks nothing") };
        assert_eq!(reply.content, [Content::text("The texts are the same.")]);
    }

    #[test]
    fn a_missing_newline_at_the_end_shows() {
        let found = call(json!({"before": "a\n", "after": "a"})).expect("compares");
        assert_eq!(found["equal"], false);
        let diff = found["diff"].as_str().unwrap_or_default();
        assert!(diff.ends_with("-a\n+a\n\\ No newline at end of file\n"), "{diff}");
    }

    #[test]
    fn context_and_labels_are_checked_on_both_sides() {
        let with = |name: &str, value: Value| call(json!({"before": "", "after": "", name: value}));
        let pointer = |refused: Result<Value, ToolError>| match refused {
            Err(ToolError::InvalidArguments(faults)) => faults[0].pointer.clone(),
            other => panic!("not refused: {other:?}"),
        };
        assert!(with("context", json!(MAX_CONTEXT)).is_ok());
        assert_eq!(pointer(with("context", json!(MAX_CONTEXT + 1))), "/context");
        for label in ["before_label", "after_label"] {
            assert!(with(label, json!("x".repeat(MAX_LABEL))).is_ok());
            assert_eq!(pointer(with(label, json!("x".repeat(MAX_LABEL + 1)))), format!("/{label}"));
            assert_eq!(pointer(with(label, json!("a\n+++ b"))), format!("/{label}"));
        }
    }
}
