//! JSON Schema 2020-12 of inputs and outputs, as models and people like to read it.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};

/// Formats that schemars takes from Rust's number types. JSON Schema knows none of them, and validators that check
/// formats complain.
const RUST_FORMATS: [&str; 14] = [
    "int8", "int16", "int32", "int64", "int128", "int", "uint8", "uint16", "uint32", "uint64", "uint128", "uint",
    "float", "double",
];

/// The schema of arguments, as JSON text.
pub(crate) fn of_input<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of a structured result, as JSON text.
pub(crate) fn of_output<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn text<T: JsonSchema>(settings: SchemaSettings) -> String {
    // Some models and clients do not follow `$ref`, so definitions stand where they are used.
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    // MCP's default dialect is 2020-12, and a Rust type's name tells a caller nothing.
    schema.remove("$schema");
    RecursiveTransform(tidy).transform(&mut schema);
    serde_json::Value::from(schema).to_string()
}

fn tidy(schema: &mut Schema) {
    schema.remove("title");
    if let Some(description) = schema.get("description").and_then(|description| description.as_str()) {
        let unwrapped = unwrap_lines(description);
        schema.insert("description".to_owned(), unwrapped.into());
    }
    // Any value is `true` or `{}`, and clients that know schemas as objects alone refuse a tool for the first.
    if let Some(items) = schema.as_object_mut().and_then(|schema| schema.get_mut("items"))
        && *items == serde_json::Value::Bool(true)
    {
        *items = serde_json::json!({});
    }
    let rust_format =
        schema.get("format").and_then(|format| format.as_str()).is_some_and(|format| RUST_FORMATS.contains(&format));
    if rust_format {
        schema.remove("format");
    }
}

/// A doc comment's lines are as long as the source file likes; only an empty line is meant.
fn unwrap_lines(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    /// A page of something.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Page {
        /// How many,
        /// at most.
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 50))]
        limit: u32,
        /// In which order.
        order: Order,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        NewestFirst,
        OldestFirst,
    }

    #[test]
    fn any_value_in_a_list_is_an_object_schema() {
        let schema: serde_json::Value =
            serde_json::from_str(&of_output::<Vec<serde_json::Value>>()).expect("a schema is JSON");
        assert_eq!(schema, serde_json::json!({ "type": "array", "items": {} }));
    }

    const fn ten() -> u32 {
        10
    }

    #[test]
    fn an_input_is_closed_described_and_free_of_rust() {
        let schema: serde_json::Value = serde_json::from_str(&of_input::<Page>()).expect("a schema is JSON");
        let expected = serde_json::json!({
            "description": "A page of something.",
            "type": "object",
            "properties": {
                "limit": {"description": "How many, at most.", "type": "integer", "minimum": 1, "maximum": 50, "default": 10},
                "order": {
                    "description": "In which order.", "type": "string", "enum": ["newest_first", "oldest_first"]
                },
            },
            "required": ["order"],
            "additionalProperties": false,
        });
        assert_eq!(schema, expected);
    }
}
