//! What a connector answers, as the Model Context Protocol writes it.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::bindings::bulkhead::connector::types;
use super::bindings::exports::bulkhead::connector::{completions, prompts, resources, tools};

/// The most values that MCP lets a completion have.
const MAX_COMPLETIONS: usize = 100;

/// A `CallToolResult` without what is not there.
pub(super) fn tool_result(output: tools::Output) -> Result<Value, &'static str> {
    let mut result = Map::new();
    if !output.content.is_empty() {
        result.insert("content".to_owned(), output.content.into_iter().map(block).collect());
    }
    if let Some(text) = output.structured {
        match serde_json::from_str::<Value>(&text) {
            Ok(value @ Value::Object(_)) => result.insert("structuredContent".to_owned(), value),
            Ok(_) => return Err("the tool's structured result is not a JSON object"),
            Err(_) => return Err("the tool's structured result is not JSON"),
        };
    }
    Ok(Value::Object(result))
}

/// A `GetPromptResult`.
pub(super) fn prompt_result(filled: prompts::Messages) -> Value {
    let messages = filled.messages.into_iter();
    let messages = messages.map(|message| json!({ "role": role(message.role), "content": block(message.content) }));
    let mut result = Map::new();
    put(&mut result, "description", filled.description);
    result.insert("messages".to_owned(), messages.collect());
    Value::Object(result)
}

/// A `ReadResourceResult`.
pub(super) fn resource_result(read: Vec<types::ResourceContents>) -> Value {
    json!({ "contents": read.into_iter().map(contents).collect::<Value>() })
}

/// A `CompleteResult`.
pub(super) fn completion_result(mut found: completions::Completion) -> Value {
    let has_more = found.has_more || found.values.len() > MAX_COMPLETIONS;
    found.values.truncate(MAX_COMPLETIONS);
    let mut completion = Map::new();
    completion.insert("values".to_owned(), found.values.into());
    put(&mut completion, "total", found.total);
    completion.insert("hasMore".to_owned(), has_more.into());
    json!({ "completion": completion })
}

/// A `Prompt` as it is listed, under its connector's name.
pub(super) fn prompt(slug: &str, prompt: prompts::Prompt) -> Value {
    let arguments = prompt.arguments.into_iter().map(|argument| {
        let mut listed = Map::new();
        listed.insert("name".to_owned(), argument.name.into());
        put(&mut listed, "title", argument.title);
        put(&mut listed, "description", argument.description);
        listed.insert("required".to_owned(), argument.required.into());
        Value::Object(listed)
    });
    json!({
        "name": format!("{slug}_{}", prompt.name),
        "title": prompt.title,
        "description": prompt.description,
        "arguments": arguments.collect::<Value>(),
    })
}

/// A `Resource` as it is listed.
pub(super) fn resource(described: resources::Described) -> Value {
    let mut listed = link(described.link);
    put(&mut listed, "annotations", described.annotations.map(annotations));
    Value::Object(listed)
}

/// A `ResourceTemplate` as it is listed.
pub(super) fn template(template: resources::Template) -> Value {
    let mut listed = Map::new();
    listed.insert("uriTemplate".to_owned(), template.uri_template.into());
    listed.insert("name".to_owned(), template.name.into());
    put(&mut listed, "title", template.title);
    put(&mut listed, "description", template.description);
    put(&mut listed, "mimeType", template.mime_type);
    put(&mut listed, "annotations", template.annotations.map(annotations));
    Value::Object(listed)
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

fn role(role: types::Role) -> &'static str {
    match role {
        types::Role::User => "user",
        types::Role::Assistant => "assistant",
    }
}

fn block(content: types::Content) -> Value {
    let media = |kind: &str, media: types::Media| json!({ "type": kind, "data": STANDARD.encode(media.data), "mimeType": media.mime_type });
    let mut value = match content.block {
        types::Block::Text(text) => json!({ "type": "text", "text": text }),
        types::Block::Image(image) => media("image", image),
        types::Block::Audio(audio) => media("audio", audio),
        types::Block::Resource(resource) => json!({ "type": "resource", "resource": contents(resource) }),
        types::Block::Link(resource) => {
            let mut value = link(resource);
            value.insert("type".to_owned(), "resource_link".into());
            Value::Object(value)
        }
    };
    if let (Some(found), Some(object)) = (content.annotations, value.as_object_mut()) {
        object.insert("annotations".to_owned(), annotations(found));
    }
    value
}

fn contents(contents: types::ResourceContents) -> Value {
    let mut value = Map::new();
    value.insert("uri".to_owned(), contents.uri.into());
    put(&mut value, "mimeType", contents.mime_type);
    match contents.body {
        types::Body::Text(text) => value.insert("text".to_owned(), text.into()),
        types::Body::Blob(blob) => value.insert("blob".to_owned(), STANDARD.encode(blob).into()),
    };
    Value::Object(value)
}

fn link(link: types::ResourceLink) -> Map<String, Value> {
    let mut value = Map::new();
    value.insert("uri".to_owned(), link.uri.into());
    value.insert("name".to_owned(), link.name.into());
    put(&mut value, "title", link.title);
    put(&mut value, "description", link.description);
    put(&mut value, "mimeType", link.mime_type);
    put(&mut value, "size", link.size);
    value
}

fn annotations(annotations: types::Annotations) -> Value {
    let mut value = Map::new();
    if !annotations.audience.is_empty() {
        value.insert("audience".to_owned(), annotations.audience.into_iter().map(role).collect());
    }
    // What is no number from 0 to 1 says nothing.
    put(&mut value, "priority", annotations.priority.filter(|priority| (0.0..=1.0).contains(priority)));
    put(&mut value, "lastModified", annotations.last_modified);
    Value::Object(value)
}

/// Bytes of a value's JSON, which is what the limit on results is about: escapes, base64 and what is around each part are
/// in there, whatever the guest handed over.
pub(super) fn json_bytes(value: &Value) -> usize {
    struct Counted(usize);

    impl io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut counted = Counted(0);
    // What counts does not fail, and a value has no key that is not text; if it did, it would be too much.
    serde_json::to_writer(&mut counted, value).map_or(usize::MAX, |()| counted.0)
}

/// Bytes of an answer as the guest handed it over, before any encoding. They are counted first, so that JSON is made only of
/// what is not too much already.
pub(super) trait Size {
    /// How many.
    fn bytes(&self) -> usize;
}

impl Size for types::ResourceContents {
    fn bytes(&self) -> usize {
        let body = match &self.body {
            types::Body::Text(text) => text.len(),
            types::Body::Blob(blob) => blob.len(),
        };
        self.uri.len() + self.mime_type.as_ref().map_or(0, String::len) + body
    }
}

impl Size for types::Annotations {
    fn bytes(&self) -> usize {
        // Each with its quotation marks.
        let audience: usize = self.audience.iter().map(|whose| role(*whose).len() + 2).sum();
        audience + self.last_modified.as_ref().map_or(0, String::len)
    }
}

/// The least that is around a block, so that a million empty ones are too many before they are converted.
const AROUND_BLOCK: usize = r#"{"type":"text"}"#.len();

impl Size for types::Content {
    fn bytes(&self) -> usize {
        let block = match &self.block {
            types::Block::Text(text) => text.len(),
            types::Block::Image(media) | types::Block::Audio(media) => media.data.len() + media.mime_type.len(),
            types::Block::Resource(resource) => resource.bytes(),
            types::Block::Link(link) => {
                let texts = [link.title.as_ref(), link.description.as_ref(), link.mime_type.as_ref()];
                link.uri.len() + link.name.len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
            }
        };
        AROUND_BLOCK + block + self.annotations.as_ref().map_or(0, Size::bytes)
    }
}

impl<T: Size> Size for Vec<T> {
    fn bytes(&self) -> usize {
        self.iter().map(Size::bytes).sum()
    }
}

impl Size for tools::Output {
    fn bytes(&self) -> usize {
        self.structured.as_ref().map_or(0, String::len) + self.content.bytes()
    }
}

impl Size for prompts::Messages {
    fn bytes(&self) -> usize {
        let messages: usize = self.messages.iter().map(|message| message.content.bytes()).sum();
        self.description.as_ref().map_or(0, String::len) + messages
    }
}

impl Size for completions::Completion {
    fn bytes(&self) -> usize {
        self.values.iter().map(String::len).sum()
    }
}

impl Size for types::Questions {
    fn bytes(&self) -> usize {
        let asked: usize = self.asked.iter().map(|question| question.key.len() + question.params.len()).sum();
        self.state.as_ref().map_or(0, String::len) + asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, annotations: Option<types::Annotations>) -> types::Content {
        types::Content { block: types::Block::Text(text.to_owned()), annotations }
    }

    fn annotated(roles: usize, last_modified: &str) -> Option<types::Annotations> {
        let last_modified = Some(last_modified.to_owned());
        Some(types::Annotations { audience: vec![types::Role::User; roles], priority: None, last_modified })
    }

    #[test]
    fn annotations_are_counted() {
        assert_eq!(text("four", None).bytes(), AROUND_BLOCK + 4);
        assert_eq!(text("four", annotated(0, "")).bytes(), AROUND_BLOCK + 4);
        assert_eq!(text("four", annotated(0, "2026")).bytes(), AROUND_BLOCK + 8);
        // "user"
        assert_eq!(text("four", annotated(1000, "2026")).bytes(), AROUND_BLOCK + 8 + 6000);
        let audience = vec![types::Role::Assistant];
        assert_eq!(types::Annotations { audience, priority: Some(0.5), last_modified: None }.bytes(), 11);
    }

    #[test]
    fn the_bytes_of_json_are_those_that_it_is_written_in() {
        let media = || types::Media { data: vec![0; 100], mime_type: "image/png".to_owned() };
        let of_blob = types::ResourceContents {
            uri: "a:b".to_owned(),
            mime_type: Some("text/plain".to_owned()),
            body: types::Body::Blob(vec![0; 100]),
        };
        let link = types::ResourceLink {
            uri: "a:b".to_owned(),
            name: "b".to_owned(),
            title: Some("B".to_owned()),
            description: None,
            mime_type: Some("text/plain".to_owned()),
            size: Some(3),
        };
        let blocks = [
            types::Block::Text("\u{1}\"\n".repeat(100)),
            types::Block::Image(media()),
            types::Block::Audio(media()),
            types::Block::Resource(of_blob),
            types::Block::Link(link),
        ];
        for block in blocks {
            let content = types::Content { block, annotations: annotated(3, "2026-07-28") };
            let handed_over = content.bytes();
            let json = super::block(content);
            assert_eq!(json_bytes(&json), json.to_string().len());
            assert!(handed_over < json_bytes(&json), "{handed_over}: {json}");
        }
    }
}
