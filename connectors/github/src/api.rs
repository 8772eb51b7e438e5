//! Requests to the API, and what their answers mean.

use std::time::Duration;

use bulkhead_connector_kit::http::{
    HttpError, Method, Next, Request, Response, Retries, link, redirection, retry_after,
};
use bulkhead_connector_kit::{ToolError, clock};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::argument::{Owner, Repo};
use crate::rate_limit::RateLimit;
use crate::refusal::{ApiError, Refusal};
use crate::settings::Settings;

const JSON: &str = "application/vnd.github+json";
/// The API's version: the newest that GitHub Enterprise Server has too.
const VERSION: &str = "2022-11-28";
/// GitHub asks every program to say who it is.
pub(crate) const USER_AGENT: &str = concat!("bulkhead-github/", env!("CARGO_PKG_VERSION"));
/// How long to wait for GitHub, which gives up by itself after 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// A repository's address redirects once when it was renamed, and once more when it was moved since.
const REDIRECTS: usize = 3;

/// How often, and how soon, what only reads is asked again.
pub(crate) fn retries(wait: Duration) -> Retries {
    Retries { attempts: 3, backoff: Duration::from_millis(500), wait, window: Duration::from_secs(30) }
}

/// GitHub, as the operator set it.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) settings: Settings,
}

/// The path of something in a repository: `/repos/{owner}/{repo}` and what follows.
pub(crate) fn in_repository(Owner(owner): &Owner, Repo(repo): &Repo, rest: &str) -> String {
    format!("/repos/{owner}/{repo}{rest}")
}

/// Parameters of a query, of which some are absent.
pub(crate) fn present<'a>(parameters: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    parameters.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect()
}

impl Api {
    pub(crate) fn new() -> Result<Self, ToolError> {
        Ok(Self { settings: Settings::read()? })
    }

    /// The address of a repository's web page, and what follows.
    pub(crate) fn web(&self, Owner(owner): &Owner, Repo(repo): &Repo, rest: &str) -> String {
        format!("{}/{owner}/{repo}{rest}", self.settings.web())
    }

    /// Reads something.
    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Response, ApiError> {
        self.get_as(JSON, path, query)
    }

    /// Reads something in this media type.
    pub(crate) fn get_as(&self, accept: &str, path: &str, query: &[(&str, &str)]) -> Result<Response, ApiError> {
        let (response, _) = self.read(accept, path, query)?;
        if response.is_success() { Ok(response) } else { Err(refused(&response)) }
    }

    /// Reads where something is that GitHub keeps elsewhere: a request that carries nothing of this one.
    pub(crate) fn get_location(&self, path: &str) -> Result<Request, ApiError> {
        let (response, url) = self.read(JSON, path, &[])?;
        match redirection(&url, &response).map_err(ApiError::Unanswered)? {
            Some(elsewhere) => Ok(elsewhere),
            None if response.is_success() => {
                Err(ApiError::Unexpected { status: response.status(), reason: "GitHub did not say where".to_owned() })
            }
            None => Err(refused(&response)),
        }
    }

    /// The answer to a GET request with its address, after waits, retries, and redirections to where a repository is
    /// now. Those stay at the API's own address.
    fn read(&self, accept: &str, path: &str, query: &[(&str, &str)]) -> Result<(Response, String), ApiError> {
        let retries = retries(self.settings.wait);
        let mut request = Request::get(format!("{}{path}", self.settings.api)).query(query.iter().copied());
        for _ in 0..REDIRECTS {
            let url = request.url().to_owned();
            let response = retries.send(&dress(request, accept), next).map_err(ApiError::Unanswered)?;
            match redirection(&url, &response) {
                Ok(Some(moved)) if response.status() != 302 && self.is_own(moved.url()) => request = moved,
                _ => return Ok((response, url)),
            }
        }
        let reason = "GitHub redirects in circles".to_owned();
        Err(ApiError::Unexpected { status: 301, reason })
    }

    fn is_own(&self, url: &str) -> bool {
        let origin = |url: &str| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        origin(url) == origin(&self.settings.api)
    }

    /// Changes something. It is sent once: whatever happens, it may have arrived.
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Response, ApiError> {
        let request = Request::new(Method::POST, format!("{}{path}", self.settings.api)).json(body);
        let response = match dress(request, JSON).send() {
            Ok(response) => response,
            Err(error @ (HttpError::Timeout { .. } | HttpError::Broken { .. })) => {
                return Err(ApiError::Unknown { status: None, reason: error.to_string() });
            }
            Err(error) => return Err(ApiError::Unanswered(error)),
        };
        let status = response.status();
        match status {
            200..=299 => Ok(response),
            301 | 302 | 307 | 308 => Err(ApiError::Unexpected {
                status,
                reason: "the repository was renamed or moved, and nothing was changed: get_repository tells its new \
                         name"
                    .to_owned(),
            }),
            500.. => Err(ApiError::Unknown { status: Some(status), reason: Refusal::of(&response).message }),
            _ => Err(refused(&response)),
        }
    }
}

/// Reads an answer's JSON.
pub(crate) fn json<T: DeserializeOwned>(response: &Response) -> Result<T, ApiError> {
    response.json().map_err(|error| ApiError::Unexpected {
        status: response.status(),
        reason: format!("the answer is not one of GitHub's: {error}"),
    })
}

/// Whether there is a page after this one.
pub(crate) fn has_more(response: &Response) -> bool {
    link(response, "next").is_some()
}

fn dress(request: Request, accept: &str) -> Request {
    let request = request.header("accept", accept).header("x-github-api-version", VERSION);
    request.header("user-agent", USER_AGENT).timeout(TIMEOUT)
}

/// What to do after an answer to a read.
pub(crate) fn next(response: &Response) -> Next {
    let now = clock::now();
    match (RateLimit::of(response, now), response.status()) {
        (Some(limit), _) => Next::After(limit.wait),
        (None, 500 | 502..=504) => retry_after(response, now).map_or(Next::Again, Next::After),
        (None, _) => Next::Take,
    }
}

fn refused(response: &Response) -> ApiError {
    match RateLimit::of(response, clock::now()) {
        Some(limit) => ApiError::Limited { status: response.status(), limit },
        None => ApiError::Refused(Box::new(Refusal::of(response))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{GitHub, answer};

    const REPOSITORY: (&str, &str) = ("owner", "repo");

    fn ask(github: &GitHub) -> Result<Value, ToolError> {
        github.call("get_repository", json!({ "owner": REPOSITORY.0, "repo": REPOSITORY.1 }))
    }

    fn found() -> Response {
        answer(200, crate::get_repository::tests::REPOSITORY)
    }

    fn comment(github: &GitHub) -> Result<Value, ToolError> {
        github.call("add_comment", json!({ "owner": "o", "repo": "r", "number": 1, "body": "Hello" }))
    }

    #[test]
    fn requests_say_who_asks_and_for_what_and_carry_no_credential() {
        let github = GitHub::new([found()]);
        ask(&github).expect("is answered");
        let sent = github.sent();
        assert_eq!(sent[0].line, "GET https://api.github.com/repos/owner/repo");
        let header = |name: &str| sent[0].headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("accept"), Some("application/vnd.github+json"));
        assert_eq!(header("x-github-api-version"), Some("2022-11-28"));
        assert!(header("user-agent").is_some_and(|agent| agent.starts_with("bulkhead-github/")));
        assert_eq!(header("authorization"), None);
    }

    #[test]
    fn reads_are_repeated_after_failures_and_short_limits() {
        let limited = answer(429, "").with_header("retry-after", "2");
        let github = GitHub::new([answer(502, ""), limited, found()]);
        assert!(ask(&github).is_ok());
        assert_eq!(github.times(), [0, 500, 2500]);
        let github = GitHub::new([answer(503, "").with_header("retry-after", "4"), found()]);
        assert!(ask(&github).is_ok());
        assert_eq!(github.times(), [0, 4000]);
    }

    #[test]
    fn a_limit_that_takes_too_long_is_told_with_its_end() {
        let headers = |response: Response| {
            let response = response.with_header("x-ratelimit-limit", "5000").with_header("x-ratelimit-remaining", "0");
            response.with_header("x-ratelimit-reset", "1800001830")
        };
        let github = GitHub::new([headers(answer(403, r#"{"message":"API rate limit exceeded"}"#))]);
        let Err(ToolError::Upstream { status: Some(403), message }) = ask(&github) else { panic!("not limited") };
        assert!(message.contains("in 1830 s, at 2027-01-15T08:30:30Z"), "{message}");
        assert_eq!(github.times(), [0]);
    }

    #[test]
    fn the_operator_says_how_patient_a_call_is() {
        let limited = || answer(429, "").with_header("retry-after", "20");
        let github = GitHub::new([limited(), found()]).setting("max_wait_seconds", "20");
        assert!(ask(&github).is_ok());
        assert_eq!(github.times(), [0, 20_000]);
        let github = GitHub::new([limited()]).setting("max_wait_seconds", "19");
        assert!(ask(&github).is_err());
        let github = GitHub::new([answer(502, "")]).setting("max_wait_seconds", "0");
        assert!(ask(&github).is_err());
    }

    #[test]
    fn writes_are_sent_once_whatever_comes_back() {
        for status in [500, 502, 503, 504] {
            let github = GitHub::new([answer(status, r#"{"message":"Server Error"}"#)]);
            let Err(ToolError::Upstream { status: Some(told), message }) = comment(&github) else { panic!("no error") };
            assert_eq!(told, status);
            assert!(message.contains("Server Error") && message.contains("not known"), "{message}");
            assert_eq!(github.sent().len(), 1);
        }
        let github = GitHub::new([answer(429, "").with_header("retry-after", "1")]);
        let Err(ToolError::Upstream { status: Some(429), message }) = comment(&github) else { panic!("no error") };
        assert!(message.contains("try again in 1 s") && !message.contains("not known"), "{message}");
        let github = GitHub::failing(HttpError::Timeout { host: "api.github.com".into() });
        let Err(ToolError::Upstream { status: None, message }) = comment(&github) else { panic!("no error") };
        assert!(message.contains("not known"), "{message}");
        let github = GitHub::failing(HttpError::ConnectionRefused { host: "api.github.com".into() });
        let Err(ToolError::Upstream { status: None, message }) = comment(&github) else { panic!("no error") };
        assert!(!message.contains("not known"), "{message}");
    }

    #[test]
    fn a_renamed_repository_is_found_by_reads_alone() {
        let moved = || answer(301, "{}").with_header("location", "https://api.github.com/repositories/1");
        let github = GitHub::new([moved(), found()]);
        assert!(ask(&github).is_ok());
        assert_eq!(github.sent()[1].line, "GET https://api.github.com/repositories/1");
        assert_eq!(github.sent()[1].headers, github.sent()[0].headers);
        let github = GitHub::new([moved(), moved(), moved()]);
        assert!(ask(&github).is_err());
        let github = GitHub::new([answer(307, "{}").with_header("location", "https://api.github.com/repositories/1")]);
        let Err(ToolError::Upstream { message, .. }) = comment(&github) else { panic!("no error") };
        assert!(message.contains("get_repository"), "{message}");
    }

    #[test]
    fn a_redirection_to_another_host_is_not_followed() {
        for place in ["https://api.github.com.evil.test/x", "https://evil.test/", "http://api.github.com/x"] {
            let github = GitHub::new([answer(301, "{}").with_header("location", place)]);
            assert!(ask(&github).is_err());
            assert_eq!(github.sent().len(), 1, "{place}");
        }
    }

    #[test]
    fn what_is_not_github_is_told_as_such() {
        for body in ["", "<html>", "[]", "{}"] {
            let refused = ask(&GitHub::new([answer(200, body)]));
            assert!(matches!(refused, Err(ToolError::Upstream { status: Some(200), .. })), "{body}: {refused:?}");
        }
    }

    #[test]
    fn an_enterprise_server_is_asked_below_its_prefix() {
        let github = GitHub::new([found()]).setting("base_url", "https://git.example.com/api/v3/");
        ask(&github).expect("is answered");
        assert_eq!(github.sent()[0].line, "GET https://git.example.com/api/v3/repos/owner/repo");
    }
}
