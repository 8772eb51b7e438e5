//! A small catalogue.

use bulkhead_connectors::{Annotations, AuthType, NewConnector, Tool, register};
use bulkhead_kernel::Ports;
use serde_json::{Value, json};

const READ_ONLY: Annotations =
    Annotations { read_only_hint: true, destructive_hint: false, idempotent_hint: true, open_world_hint: false };

/// Registers `toolbox` with `jq` and `diff`, `empty` without a tool, and `broken`, whose tool `schema` has an input
/// schema that is none.
pub(crate) async fn fill(ports: &Ports) {
    let jq = json!({
        "type": "object",
        "properties": {"filter": {"type": "string"}, "input": true, "n": {"type": "integer", "minimum": 1}},
        "required": ["filter", "input"],
        "additionalProperties": false,
    });
    let toolbox = connector("toolbox", vec![tool("jq", jq), tool("diff", json!({"type": "object"}))]);
    let broken = connector("broken", vec![tool("schema", json!({"type": "no such type"}))]);
    for connector in [toolbox, connector("empty", Vec::new()), broken] {
        register(ports, &connector).await.expect("the catalogue takes a connector");
    }
}

/// A connector to be registered, whose calls need no credential.
///
/// # Panics
/// When `slug` is none.
#[must_use]
pub fn connector(slug: &str, tools: Vec<Tool>) -> NewConnector {
    NewConnector {
        slug: slug.parse().expect("a slug"),
        name: slug.to_owned(),
        version: "0.1.0".to_owned(),
        description: format!("The connector {slug}."),
        auth_types: AuthType::None.into(),
        oauth: None,
        digest: format!("sha256:{}", "0".repeat(64)),
        tools,
    }
}

fn tool(name: &str, input_schema: Value) -> Tool {
    Tool {
        name: name.parse().expect("a tool's name"),
        title: name.to_owned(),
        description: format!("The tool {name}."),
        input_schema,
        output_schema: None,
        annotations: READ_ONLY,
    }
}
