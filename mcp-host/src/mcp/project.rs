//! The project in which a client works: `?project=ID` in the endpoint's address, because an address is what every client can be
//! configured with. Its connected accounts serve whoever has connected none of their own.

use bulkhead_execution::Refusal;
use bulkhead_kernel::id::ProjectId;
use http::Uri;
use rmcp::ErrorData;
use serde_json::json;
use url::form_urlencoded;

/// The parameter's name.
const PARAMETER: &str = "project";

/// The project that an address names.
///
/// # Errors
/// Invalid request, when it names something else, or two.
pub(super) fn named_by(uri: &Uri) -> Result<Option<ProjectId>, ErrorData> {
    let Some(query) = uri.query() else { return Ok(None) };
    let mut named = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == PARAMETER);
    let Some((_, id)) = named.next() else { return Ok(None) };
    match (id.parse(), named.next()) {
        (Ok(id), None) => Ok(Some(id)),
        _ => {
            let message =
                "the endpoint's address names no project: ?project= takes one id; GET /v1/projects lists them";
            Err(ErrorData::invalid_request(message, Some(json!({ "type": "unknown_project" }))))
        }
    }
}

/// What a client learns that may not work in the project.
pub(super) fn refused(refusal: &Refusal) -> ErrorData {
    let data = match refusal {
        Refusal::ProjectRole(role) => json!({ "type": "insufficient_role", "role": role }),
        _ => json!({ "type": "unknown_project" }),
    };
    ErrorData::invalid_request(refusal.to_string(), Some(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192d3a4-7b1c-7f00-8000-000000000000";

    fn named(uri: &str) -> Result<Option<String>, String> {
        let named = named_by(&uri.parse().expect("an address"));
        named.map(|id| id.map(|id| id.to_string())).map_err(|error| error.message.into_owned())
    }

    #[test]
    fn an_address_names_one_project_or_none() {
        for none in ["/mcp", "/mcp?", "/mcp?other=1", "/mcp?Project=x"] {
            assert_eq!(named(none), Ok(None), "{none}");
        }
        assert_eq!(named(&format!("/mcp?a=b&project={ID}")), Ok(Some(ID.to_owned())));
    }

    #[test]
    fn what_is_no_project_is_refused_rather_than_passed_over() {
        for wrong in ["project=", "project", "project=x", &format!("project={ID}&project={ID}")] {
            assert!(named(&format!("/mcp?{wrong}")).is_err_and(|message| message.contains("?project=")), "{wrong}");
        }
    }
}
