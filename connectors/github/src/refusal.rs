//! GitHub's errors, in words that say what to do.

use bulkhead_connector_kit::http::{HttpError, Response};
use bulkhead_connector_kit::{Fault, ToolError};
use serde::Deserialize;

use crate::rate_limit::RateLimit;

/// The most characters of an answer that is not GitHub's own, such as a proxy's error page.
const EXCERPT: usize = 300;

/// Why there is no answer to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// GitHub says no.
    Refused(Box<Refusal>),
    /// GitHub says: later.
    Limited { status: u16, limit: RateLimit },
    /// There is no answer.
    Unanswered(HttpError),
    /// There is one that GitHub would not give.
    Unexpected { status: u16, reason: String },
    /// GitHub sends to a host that the connector may not reach.
    Elsewhere { host: String },
    /// Nobody knows whether a change was made: it was sent, and what came back does not say.
    Unknown { status: Option<u16>, reason: String },
}

/// What GitHub says when it says no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    #[serde(skip)]
    pub(crate) status: u16,
    pub(crate) message: String,
    documentation_url: String,
    #[serde(deserialize_with = "details")]
    errors: Vec<Detail>,
    /// The permissions of a token that would do, from a header.
    #[serde(skip)]
    permissions: Option<String>,
    /// Whether the token has to be authorised for the organisation's single sign-on, from a header.
    #[serde(skip)]
    sign_on: bool,
}

/// One of its reasons. A code says what is wrong where there is no message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Detail {
    resource: Option<String>,
    field: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

/// Reasons are a list of objects or texts, or one text, and sometimes something else.
fn details<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Detail>, D::Error> {
    use serde_json::Value;
    let one = |value: Value| match value {
        Value::String(message) => Detail { message: Some(message), ..Detail::default() },
        other => serde_json::from_value(other).unwrap_or_default(),
    };
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().map(one).collect(),
        Value::Null => Vec::new(),
        other => vec![one(other)],
    })
}

impl Refusal {
    /// What an answer says that is none of success.
    pub(crate) fn of(response: &Response) -> Self {
        let status = response.status();
        let mut refusal: Self = response.json().unwrap_or_default();
        if refusal.message.is_empty() {
            let text: String = response.text().trim().chars().take(EXCERPT).collect();
            refusal.message = if text.is_empty() { "it gives no reason".to_owned() } else { text };
        }
        let header = |name: &str| response.header(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned);
        let sign_on = header("x-github-sso").is_some_and(|value| value.starts_with("required"));
        Self { status, permissions: header("x-accepted-github-permissions"), sign_on, ..refusal }
    }

    /// What a person or a model can do about it.
    fn advice(&self) -> Option<String> {
        match self.status {
            401 => Some(
                "GitHub does not accept the token, or there is none where one is needed: connect an account, or the \
                 operator has to give the connector a valid token"
                    .to_owned(),
            ),
            403 if self.sign_on => {
                Some("the token has to be authorised for the organisation's single sign-on first".to_owned())
            }
            403 => self.permissions.as_ref().map(|needed| format!("the token needs the permission {needed}")),
            404 => Some(
                "either it does not exist, or the repository is private and the connector's token may not see it"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("GitHub answered with status {}: {}", self.status, self.message.trim_end_matches('.'));
        for detail in &self.errors {
            let explained = detail.explain();
            if !explained.is_empty() && !text.contains(&explained) {
                let place = detail.field.as_ref().map(|field| format!("{field} ")).unwrap_or_default();
                text.push_str(&format!("; {place}{explained}"));
            }
        }
        if let Some(advice) = self.advice() {
            text.push_str("; ");
            text.push_str(&advice);
        }
        if !self.documentation_url.is_empty() {
            text.push_str(&format!(" (see {})", self.documentation_url));
        }
        text
    }

    /// The faults of the arguments that stand behind GitHub's fields.
    fn faults(&self, fields: &[(&str, &str)]) -> Vec<Fault> {
        let fault = |detail: &Detail| {
            let field = detail.field.as_deref()?;
            let (_, pointer) = fields.iter().find(|(name, _)| *name == field)?;
            Some(Fault { pointer: (*pointer).to_owned(), message: detail.explain() })
        };
        self.errors.iter().filter_map(fault).collect()
    }
}

impl Detail {
    fn explain(&self) -> String {
        match (self.message.as_deref(), self.code.as_deref()) {
            (Some(message), _) if !message.is_empty() => message.to_owned(),
            (_, Some("missing")) => {
                format!("names {} that does not exist", self.resource.as_deref().unwrap_or("something"))
            }
            (_, Some("missing_field")) => "is missing".to_owned(),
            (_, Some("invalid")) => "is not valid".to_owned(),
            (_, Some("already_exists")) => "is taken already".to_owned(),
            (_, Some("unprocessable")) => "can't be processed".to_owned(),
            (_, Some(other)) => other.replace('_', " "),
            (_, None) => String::new(),
        }
    }
}

impl ApiError {
    /// The tool's error, where GitHub's fields are these arguments: pairs of a field's name and a JSON pointer.
    pub(crate) fn about(self, fields: &[(&str, &str)]) -> ToolError {
        match self {
            Self::Refused(refusal) => {
                let faults = if refusal.status == 422 { refusal.faults(fields) } else { Vec::new() };
                if faults.is_empty() {
                    return ToolError::upstream(refusal.status, refusal.text());
                }
                ToolError::InvalidArguments(faults)
            }
            Self::Limited { status, limit } => ToolError::upstream(status, limit.explain()),
            Self::Unanswered(error) => error.into(),
            Self::Elsewhere { host } => ToolError::failed(format!(
                "GitHub keeps the logs at {host}, which the connector may not reach; the operator can name it in the \
                 setting log_storage_url"
            )),
            Self::Unexpected { status, reason } => ToolError::upstream(status, reason),
            Self::Unknown { status, reason } => ToolError::Upstream {
                status,
                message: format!("{reason}; whether GitHub did it is not known: look before you try again"),
            },
        }
    }
}

impl From<ApiError> for ToolError {
    fn from(error: ApiError) -> Self {
        error.about(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(response: &Response, fields: &[(&str, &str)]) -> ToolError {
        ApiError::Refused(Box::new(Refusal::of(response))).about(fields)
    }

    fn text(response: &Response) -> String {
        match refused(response, &[]) {
            ToolError::Upstream { status: Some(status), message } if status == response.status() => message,
            other => panic!("{other:?}"),
        }
    }

    const NOT_FOUND: &str = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest/repos/repos#get-a-repository","status":"404"}"#;

    #[test]
    fn what_is_not_found_may_be_private() {
        let told = text(&Response::new(404, NOT_FOUND));
        assert!(told.contains("404: Not Found") && told.contains("private"), "{told}");
        assert!(told.ends_with("(see https://docs.github.com/rest/repos/repos#get-a-repository)"), "{told}");
    }

    #[test]
    fn what_a_token_lacks_is_told() {
        let told = text(&Response::new(401, r#"{"message":"Bad credentials"}"#));
        assert!(told.contains("401: Bad credentials") && told.contains("operator"), "{told}");
        let body = r#"{"message":"Resource not accessible by personal access token"}"#;
        let told = text(&Response::new(403, body).with_header("x-accepted-github-permissions", "issues=write"));
        assert!(told.ends_with("the token needs the permission issues=write"), "{told}");
        let told =
            text(&Response::new(403, body).with_header("x-github-sso", "required; url=https://github.com/orgs/x"));
        assert!(told.contains("single sign-on"), "{told}");
    }

    #[test]
    fn fields_that_are_arguments_are_faults() {
        let body = r#"{"message":"Validation Failed","errors":[
            {"resource":"Issue","field":"title","code":"missing_field"},
            {"resource":"Milestone","field":"milestone","code":"missing"},
            {"value":"x","resource":"Issue","field":"assignees","code":"invalid"},
            {"message":"body is too long (maximum is 65536 characters)","resource":"Issue","field":"body","code":"custom"},
            {"resource":"Issue","field":"colour","code":"already_exists"}]}"#;
        let response = Response::new(422, body);
        let fields = ["title", "milestone", "assignees", "body"].map(|field| (field, format!("/{field}")));
        let fields: Vec<_> = fields.iter().map(|(field, pointer)| (*field, pointer.as_str())).collect();
        let ToolError::InvalidArguments(faults) = refused(&response, &fields) else { panic!("no faults") };
        let faults: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.message.as_str())).collect();
        let expected = [
            ("/title", "is missing"),
            ("/milestone", "names Milestone that does not exist"),
            ("/assignees", "is not valid"),
            ("/body", "body is too long (maximum is 65536 characters)"),
        ];
        assert_eq!(faults, expected);
        let told = text(&response);
        assert!(told.contains("Validation Failed; title is missing; milestone names Milestone"), "{told}");
        assert!(told.contains("colour is taken already"), "{told}");
    }

    #[test]
    fn errors_come_in_several_shapes() {
        for (errors, expected) in [
            (r#"["first","second"]"#, "Validation Failed; first; second"),
            (r#""one""#, "Validation Failed; one"),
            (r#"[{"code":"unprocessable"}]"#, "Validation Failed; can't be processed"),
            ("null", "Validation Failed"),
            ("[1, {}]", "Validation Failed"),
        ] {
            let body = format!(r#"{{"message":"Validation Failed","errors":{errors}}}"#);
            let told = text(&Response::new(422, body));
            assert_eq!(told, format!("GitHub answered with status 422: {expected}"));
        }
    }

    #[test]
    fn what_is_not_githubs_is_told_in_short() {
        let told = text(&Response::new(502, format!("<html>Bad Gateway{}", "x".repeat(1000))));
        assert!(told.starts_with("GitHub answered with status 502: <html>Bad Gateway") && told.len() < 400, "{told}");
        assert_eq!(text(&Response::new(500, "")), "GitHub answered with status 500: it gives no reason");
    }
}
