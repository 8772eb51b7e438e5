//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation, page_of};
use serde_json::{Map, Value, json};

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let id = || json!({"type": "string", "format": "uuid"});
    let one = |method, path, name, summary| {
        Operation::new(method, path, name, summary)
            .path("id", id(), "The connection's id.")
            .refuses(&[Kind::UnknownConnection, Kind::InsufficientScope])
    };
    let change = [Kind::InsufficientRole, Kind::InsufficientScope];
    let list = Operation::new("get", "/v1/connections", "listConnections", "Connected accounts, newest first")
        .description(
            "The caller's own, and those of projects in which they have a role; to owners and admins all of the \
             organization. It takes the scope `tools`; for what is neither one's own nor a project's, `organization` besides.",
        )
        .refuses(&[Kind::InsufficientScope])
        .query("connector", json!({"type": "string", "minLength": 1}), "Of this connector.")
        .query("status", json!({"$ref": "#/components/schemas/ConnectionStatus"}), "In this state.")
        .paged()
        .answers(
            200,
            "ConnectionPage",
            &[("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.")],
            "A page of connections.",
        );
    let create = Operation::new("post", "/v1/connections", "createConnection", "Connect an account")
        .description(
            "By one of the methods of the connector. With a key, or without any secret, it is active at once. By OAuth 2 its user \
             goes on in a browser, at `authorize.url`, which works once and for ten minutes. It takes the scope `profile`; for a \
             project's, `organization` besides.",
        )
        .body("NewConnection")
        .answers(201, "BegunConnection", &[("Location", "The connection's address.")], "The connection.")
        .refuses(&change)
        .refuses(&[Kind::UnknownConnector, Kind::UnknownProject, Kind::TooManyRequests, Kind::Misconfigured]);
    let get = one("get", "/v1/connections/{id}", "getConnection", "One connected account")
        .description("It takes the scope `tools`; for another user's, `organization` besides.")
        .answers(200, "Connection", &[], "The connection.");
    let delete = one("delete", "/v1/connections/{id}", "deleteConnection", "Disconnect an account")
        .description(
            "From the next call on nobody can use it. Its tokens are revoked at the provider, and its secrets removed, as \
             soon as the host comes to it. It takes the scope `profile`; for what is not one's own, `organization` besides.",
        )
        .answers_nothing(204, "It is disconnected.")
        .refuses(&change);
    let reconnect = one("post", "/v1/connections/{id}/reconnect", "reconnectConnection", "Connect an account again")
        .description(
            "By OAuth 2 alone. What works goes on working until there are new tokens. It takes the scope `profile`; for a \
             project's, `organization` besides.",
        )
        .answers(200, "BegunConnection", &[], "The connection, and where its user goes on.")
        .refuses(&change)
        .refuses(&[Kind::NotReconnectable, Kind::TooManyRequests, Kind::Misconfigured]);
    Description {
        tag: ("connections", "Connected accounts of users and projects."),
        operations: vec![list, create, get, delete, reconnect],
        schemas: schemas(),
    }
}

fn schemas() -> Map<String, Value> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let maybe = |description: &str| json!({"type": ["string", "null"], "description": description});
    let time = |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    let uuid = |description: &str| json!({"type": "string", "format": "uuid", "description": description});
    let entries = [
        ("ConnectionPage", page_of("Connection")),
        (
            "ConnectionStatus",
            json!({
                "enum": ["pending", "active", "expired", "revoked", "error"],
                "description": "Where a connection is: its user has not agreed yet; it can be used; it has to be connected \
                    again; it was disconnected; connecting it failed.",
            }),
        ),
        (
            "NewConnection",
            json!({
                "type": "object",
                "description": "An account to be connected.",
                "required": ["connector"],
                "additionalProperties": false,
                "properties": {
                    "connector": text("The connector's slug."),
                    "label": {
                        "type": ["string", "null"], "minLength": 1, "maxLength": 100,
                        "description": "A name for people; the connector's when absent.",
                    },
                    "project": {
                        "type": ["string", "null"], "format": "uuid",
                        "description": "The project that uses it, by an owner's or admin's word; the caller's own when absent.",
                    },
                    "auth_type": {
                        "enum": ["oauth2", "api_key", "none", null],
                        "description": "By which of the connector's `auth_types`; when absent, by a key if there is one, else \
                            by the usual one.",
                    },
                    "api_key": maybe("The key, to connect by one."),
                },
            }),
        ),
        (
            "BegunConnection",
            json!({
                "type": "object",
                "description": "A connection, and where its user goes on.",
                "required": ["connection", "authorize"],
                "properties": {
                    "connection": {"$ref": "#/components/schemas/Connection"},
                    "authorize": {
                        "type": ["object", "null"],
                        "description": "Where its user goes on in a browser; null when there is nothing to do.",
                        "required": ["url", "expires_at"],
                        "properties": {"url": text("The link. It works once."), "expires_at": time("Until when.")},
                    },
                },
            }),
        ),
        (
            "Connection",
            json!({
                "type": "object",
                "description": "A connected account. Its secrets are never shown.",
                "required": [
                    "id", "connector", "owner", "label", "account", "auth_type", "status", "status_reason", "scopes",
                    "expires_at", "created_by", "created_at", "updated_at",
                ],
                "properties": {
                    "id": uuid("Its id."),
                    "connector": text("The connector's slug."),
                    "owner": {
                        "type": "object",
                        "description": "Whose it is: nobody else's calls use it.",
                        "required": ["type", "id"],
                        "properties": {"type": {"enum": ["user", "project"]}, "id": uuid("The user's or project's id.")},
                    },
                    "label": text("Its name for people."),
                    "account": maybe("The account, as the provider calls it."),
                    "auth_type": {"enum": ["oauth2", "api_key", "none"], "description": "How it was connected."},
                    "status": {"$ref": "#/components/schemas/ConnectionStatus"},
                    "status_reason": maybe("Why it is expired, or could not be connected: a code."),
                    "scopes": {
                        "type": "array", "items": {"type": "string"},
                        "description": "What it was granted, or what was asked for when the provider does not say.",
                    },
                    "expires_at": {
                        "type": ["string", "null"], "format": "date-time",
                        "description": "When its token expires, unless it is refreshed; null when it does not.",
                    },
                    "created_by": uuid("Who began it."),
                    "created_at": time("When."),
                    "updated_at": time("When it last changed."),
                },
            }),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
