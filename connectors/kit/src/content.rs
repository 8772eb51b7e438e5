//! What results and messages are made of, in MCP's terms.

/// Who a message is from, or for whom a content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// For whom a content is, and how much it matters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentAnnotations {
    /// For whom; everybody when empty.
    pub audience: Vec<Role>,
    /// From 0.0, which can be left out, to 1.0, which is needed.
    pub priority: Option<f64>,
    /// When it last changed (RFC 3339).
    pub last_modified: Option<String>,
}

/// Bytes with their media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The bytes, not encoded.
    pub data: Vec<u8>,
    /// For example `image/png`.
    pub mime_type: String,
}

/// The inside of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Text.
    Text(String),
    /// Anything else.
    Blob(Vec<u8>),
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceContents {
    /// Its address.
    pub uri: String,
    /// Its media type.
    pub mime_type: Option<String>,
    /// What is in it.
    pub body: Body,
}

/// A resource that can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceLink {
    /// Its address.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Its size: bytes.
    pub size: Option<u64>,
}

/// One kind of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Text.
    Text(String),
    /// A picture.
    Image(Media),
    /// A sound.
    Audio(Media),
    /// A resource, as it is now.
    Resource(ResourceContents),
    /// A resource that the reader may want to read.
    Link(ResourceLink),
}

/// One piece of a result or of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// What it is.
    pub block: Block,
    /// For whom, and how much it matters.
    pub annotations: Option<ContentAnnotations>,
}

impl Content {
    /// Text for everybody.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Block::Text(text.into()).into()
    }

    /// The same with annotations.
    #[must_use]
    pub fn annotated(self, annotations: ContentAnnotations) -> Self {
        Self { annotations: Some(annotations), ..self }
    }
}

impl From<Block> for Content {
    fn from(block: Block) -> Self {
        Self { block, annotations: None }
    }
}
