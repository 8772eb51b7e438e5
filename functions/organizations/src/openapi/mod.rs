//! What the routes are, in the words of OpenAPI: a file for each kind of thing.

mod api_keys;
mod organization;
mod projects;
mod words;

use bulkhead_http_api::openapi::Description;

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let parts = [organization::part(), projects::part(), api_keys::part()];
    let mut description = Description {
        tag: ("organizations", "Organizations: members, teams, projects, API keys."),
        ..Description::default()
    };
    for (operations, schemas) in parts {
        description.operations.extend(operations);
        description.schemas.extend(schemas);
    }
    description
}
