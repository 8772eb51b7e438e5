//! How a function describes its routes, in the words of OpenAPI 3.1. Compiled natively only: no function carries its
//! own description.
//!
//! A function gives a [`Description`]: one [`Operation`] a route, and the schemas of what it answers. [`document`]
//! puts several together. That the description is true is tested: every answer in the functions' tests is held
//! against it, and the operations against the [`Routes`](crate::Routes).

use serde_json::{Map, Value, json};

use crate::{Kind, Route};

/// A function's part of the API's description.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// Its tag: the name and what it is about.
    pub tag: (&'static str, &'static str),
    /// Its operations.
    pub operations: Vec<Operation>,
    /// Its schemas, by name: an object of JSON Schemas 2020-12.
    pub schemas: Map<String, Value>,
}

/// One route's description.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it describes.
    pub route: Route,
    parameters: Vec<Value>,
    value: Value,
    kinds: Vec<Kind>,
}

impl Operation {
    /// A route, the operation's name for generated clients, and what it does in a line. What every route may answer is
    /// in it already.
    #[must_use]
    pub fn new(method: &'static str, path: &'static str, id: &str, summary: &str) -> Self {
        Self {
            route: Route { path, method },
            parameters: vec![json!({"$ref": "#/components/parameters/CorrelationId"})],
            value: json!({"operationId": id, "summary": summary, "responses": {}}),
            kinds: vec![
                Kind::InvalidParameters,
                Kind::Unauthenticated,
                Kind::CrossSite,
                Kind::Internal,
                Kind::DatabaseUnavailable,
                Kind::NotMigrated,
                Kind::Unavailable,
                Kind::OutOfMemory,
                Kind::Timeout,
            ],
        }
    }

    /// A route that needs no credential.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.value["security"] = json!([]);
        self.kinds.retain(|kind| !matches!(kind, Kind::Unauthenticated | Kind::CrossSite));
        self
    }

    /// What there is to know beyond the summary.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        self.value["description"] = json!(text);
        self
    }

    /// A segment of the path. One that can't be read, such as bytes that are no text, makes it another path.
    #[must_use]
    pub fn path(self, name: &str, schema: Value, description: &str) -> Self {
        self.refuses(&[Kind::UnknownPath]).parameter(
            json!({"in": "path", "name": name, "required": true, "schema": schema, "description": description}),
        )
    }

    /// A query parameter.
    #[must_use]
    pub fn query(self, name: &str, schema: Value, description: &str) -> Self {
        self.parameter(json!({"in": "query", "name": name, "schema": schema, "description": description}))
    }

    /// A request header.
    #[must_use]
    pub fn header(self, name: &str, schema: Value, description: &str) -> Self {
        self.parameter(json!({"in": "header", "name": name, "schema": schema, "description": description}))
    }

    /// The query parameters of a collection with pages.
    #[must_use]
    pub fn paged(self) -> Self {
        self.parameter(json!({"$ref": "#/components/parameters/Cursor"}))
            .parameter(json!({"$ref": "#/components/parameters/Limit"}))
    }

    fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A JSON body of this schema.
    #[must_use]
    pub fn body(mut self, schema: &str) -> Self {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        self.value["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
        self.refuses(&[
            Kind::MalformedJson,
            Kind::IncompleteBody,
            Kind::BodyTooLarge,
            Kind::UnsupportedMediaType,
            Kind::InvalidBody,
        ])
    }

    /// A success with a body of this schema, and headers beyond those of every answer, as names and descriptions.
    #[must_use]
    pub fn answers(mut self, status: u16, schema: &str, headers: &[(&str, &str)], description: &str) -> Self {
        let mut all = common_headers();
        for (name, description) in headers {
            all.insert((*name).to_owned(), json!({"schema": {"type": "string"}, "description": description}));
        }
        self.value["responses"][status.to_string()] = json!({
            "description": description,
            "headers": all,
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}},
        });
        self
    }

    /// A success without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16, description: &str) -> Self {
        let response = json!({"description": description, "headers": common_headers()});
        self.value["responses"][status.to_string()] = response;
        self
    }

    /// A body of form fields of this schema, all of them texts.
    #[must_use]
    pub fn form(mut self, schema: &str) -> Self {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        let content = json!({"application/x-www-form-urlencoded": {"schema": schema}});
        self.value["requestBody"] = json!({"required": true, "content": content});
        self.refuses(&[Kind::IncompleteBody, Kind::BodyTooLarge, Kind::UnsupportedMediaType, Kind::InvalidBody])
    }

    /// A page for people.
    #[must_use]
    pub fn answers_page(mut self, status: u16, headers: &[(&str, &str)], description: &str) -> Self {
        let mut all = common_headers();
        for (name, description) in headers {
            all.insert((*name).to_owned(), json!({"schema": {"type": "string"}, "description": description}));
        }
        let response = json!({
            "description": description, "headers": all, "content": {"text/html": {"schema": {"type": "string"}}},
        });
        self.value["responses"][status.to_string()] = response;
        self
    }

    /// Problems that it may answer, beyond those that every route may.
    #[must_use]
    pub fn refuses(mut self, kinds: &[Kind]) -> Self {
        self.kinds.extend(kinds);
        self
    }

    fn into_value(mut self, tag: &str) -> Value {
        self.value["tags"] = json!([tag]);
        self.value["parameters"] = json!(self.parameters);
        self.kinds.sort_by_key(|kind| (kind.status(), kind.uri()));
        self.kinds.dedup();
        for kinds in self.kinds.chunk_by(|a, b| a.status() == b.status()) {
            let status = kinds[0].status().as_u16();
            let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
            let types: Vec<_> = kinds.iter().map(|kind| kind.uri()).collect();
            // A page may have this status as well.
            let mut content = self.value["responses"][status.to_string()]["content"].take();
            if content.is_null() {
                content = json!({});
            }
            content["application/problem+json"] = json!({"schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"properties": {"type": {"enum": types}, "status": {"const": status}}},
            ]}});
            self.value["responses"][status.to_string()] = json!({
                "description": titles.join(", or: "),
                "headers": refusal_headers(status),
                "content": content,
            });
        }
        self.value
    }
}

fn common_headers() -> Map<String, Value> {
    [("x-correlation-id".to_owned(), json!({"$ref": "#/components/headers/CorrelationId"}))].into_iter().collect()
}

fn refusal_headers(status: u16) -> Map<String, Value> {
    let mut headers = common_headers();
    let (name, description) = match status {
        401 => ("WWW-Authenticate", "How to authenticate (RFC 6750)."),
        415 => ("Accept", "The media type to send."),
        429 => ("Retry-After", "After how many seconds to try again."),
        503 => ("Retry-After", "After how many seconds to try again; absent when only the operator can help."),
        _ => return headers,
    };
    headers.insert(name.to_owned(), json!({"schema": {"type": "string"}, "description": description}));
    headers
}

/// The whole document.
#[must_use]
pub fn document(version: &str, descriptions: Vec<Description>) -> Value {
    let mut paths = Map::new();
    let mut schemas: Map<String, Value> = [("Problem".to_owned(), problem_schema())].into_iter().collect();
    let mut tags = Vec::new();
    for description in descriptions {
        tags.push(json!({"name": description.tag.0, "description": description.tag.1}));
        schemas.extend(description.schemas);
        for operation in description.operations {
            let Route { path, method } = operation.route;
            paths.entry(path).or_insert_with(|| json!({}))[method] = operation.into_value(description.tag.0);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bulkhead",
            "version": version,
            "summary": "Tools of connectors, run in a sandbox, recorded and audited.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document's installation serves it."}],
        "security": [{"ApiKey": []}, {"AccessToken": []}, {"Session": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"ApiKey": {
                "type": "http", "scheme": "bearer", "bearerFormat": "bhk_ and 56 hexadecimal digits",
                "description": "An API key.",
            }, "AccessToken": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token (RFC 9068) of a session, for this interface.",
            }, "Session": {
                "type": "apiKey", "in": "cookie", "name": crate::SESSION_COOKIE,
                "description": "A browser's session. What changes something carries the cookie `__Host-csrf`'s value in \
                                the header `x-csrf-token`, and comes from a page of this installation.",
            }},
            "parameters": {
                "CorrelationId": {
                    "in": "header", "name": "x-correlation-id", "schema": {"type": "string"},
                    "description": "An id that ties the request to its logs, job, events and audit entry: 1 to 64 of \
                                    A-Z a-z 0-9 - _ . characters. Anything else is replaced by a new id.",
                },
                "Cursor": {
                    "in": "query", "name": "cursor", "schema": {"type": "string"},
                    "description": "The `next` of the page before; from the beginning when absent.",
                },
                "Limit": {
                    "in": "query", "name": "limit",
                    "schema": {
                        "type": "integer", "minimum": 1,
                        "maximum": bulkhead_kernel::PageRequest::MAX_LIMIT,
                        "default": bulkhead_kernel::PageRequest::DEFAULT_LIMIT,
                    },
                    "description": "At most this many items.",
                },
            },
            "headers": {"CorrelationId": {
                "required": true, "schema": {"type": "string"},
                "description": "The request's correlation id, or the one that was made for it.",
            }},
            "schemas": schemas,
        },
    })
}

const INTRODUCTION: &str = "Collections are pages, `{\"items\": [...], \"next\": <cursor or null>}`, with the next \
page's address in a `Link` header too. Errors are problem documents (RFC 9457). Every `GET` can be a `HEAD`; `OPTIONS` \
names a path's methods.";

/// A page of items of this schema.
#[must_use]
pub fn page_of(schema: &str) -> Value {
    json!({
        "type": "object",
        "description": "A page of a collection.",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": format!("#/components/schemas/{schema}")}},
            "next": {"type": ["string", "null"], "description": "The next page's cursor; null on the last page."},
        },
    })
}

fn problem_schema() -> Value {
    let types: Vec<_> = Kind::ALL.iter().map(|kind| kind.uri()).collect();
    json!({
        "type": "object",
        "description": "Why a request was refused (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "correlation_id"],
        "properties": {
            "type": {"type": "string", "format": "uri", "enum": types, "description": "The kind of problem."},
            "title": {"type": "string", "description": "The kind of problem, for a person."},
            "status": {"type": "integer", "description": "The answer's status."},
            "detail": {"type": "string", "description": "What is wrong with this request, and what to do."},
            "instance": {"type": "string", "format": "uri-reference", "description": "The request's path."},
            "correlation_id": {"type": "string", "description": "Names this request in the operator's log."},
            "faults": {
                "type": "array",
                "description": "Every fault of the body, or of the query.",
                "items": {
                    "type": "object",
                    "required": ["message"],
                    "oneOf": [{"required": ["pointer"]}, {"required": ["parameter"]}],
                    "properties": {
                        "pointer": {
                            "type": "string", "format": "json-pointer",
                            "description": "Where in the body (RFC 6901).",
                        },
                        "parameter": {"type": "string", "description": "Which query parameter."},
                        "message": {"type": "string", "description": "What is wrong there."},
                    },
                },
            },
            "line": {"type": "integer", "description": "Where in the body it stops being JSON, from 1."},
            "column": {"type": "integer", "description": "Where in that line, from 1."},
            "limit_bytes": {"type": "integer", "description": "How long a body may be."},
            "header": {"type": "string", "description": "Which header."},
            "job_status": {"type": "string", "description": "How the job ended."},
            "role": {"type": "string", "description": "Which role it takes."},
            "scope": {"type": "string", "description": "Which scopes it takes."},
        },
    })
}
