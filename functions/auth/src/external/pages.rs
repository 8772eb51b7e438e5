//! What pages say.

use axum::response::Response;
use bulkhead_connections::{AnswerError, TokenError};
use bulkhead_federation::CompleteError;
use bulkhead_http_api::{Kind, Page, Problem};
use bulkhead_identity::{LinkError, RecogniseError};
use http::StatusCode;
use maud::{Markup, html};

use crate::pages::{Next, sign_in};

/// The page of a problem that a person at a browser may come across; others stay problems.
pub(super) fn refused(problem: Problem) -> Result<Response, Problem> {
    let theirs = [
        Kind::UnknownProvider,
        Kind::ProviderUnavailable,
        Kind::TooManyRequests,
        Kind::NoOrganization,
        Kind::AccountExists,
    ];
    if !theirs.contains(&problem.kind()) {
        return Err(problem);
    }
    Ok(refusal(problem.kind().status(), html! { p role="alert" { (problem.detail()) } }).refusing(&problem))
}

/// Why an answer is refused. What the provider said is told as a code alone: its words are a stranger's.
pub(super) fn not_completed(error: &CompleteError, provider: &str) -> Page {
    use StatusCode as S;
    let senseless =
        || (S::BAD_GATEWAY, html! { p { (provider) "'s answer makes no sense. The operator finds more in the log." } });
    let (status, words): (StatusCode, Markup) = match error {
        CompleteError::UnknownState => (S::BAD_REQUEST, html! { p { "This attempt is over, or took too long." } }),
        CompleteError::OtherBrowser => (
            S::FORBIDDEN,
            html! { p { "Signing in began in another browser, or this one keeps no cookies for this site." } },
        ),
        CompleteError::Answer(AnswerError::WrongIssuer) => {
            (S::BAD_REQUEST, html! { p { "The answer does not come from " (provider) "." } })
        }
        CompleteError::Answer(AnswerError::Denied(code)) if code == "access_denied" => {
            (S::FORBIDDEN, html! { p { "You did not agree at " (provider) ", or may not." } })
        }
        CompleteError::Answer(AnswerError::Denied(code)) | CompleteError::Tokens(TokenError::Refused(code)) => {
            (S::BAD_GATEWAY, html! { p { (provider) " refused: " code { (code) } "." } })
        }
        CompleteError::Tokens(TokenError::InvalidGrant) => {
            (S::BAD_GATEWAY, html! { p { (provider) " did not accept its own answer." } })
        }
        CompleteError::Tokens(TokenError::Unavailable(_)) | CompleteError::Discovery(_) | CompleteError::Person(_) => {
            (S::BAD_GATEWAY, html! { p { (provider) " can't be asked now." } })
        }
        CompleteError::EmailDomain => (
            S::FORBIDDEN,
            html! { p { "Only people with a verified e-mail address of certain domains sign in by " (provider) " here." } },
        ),
        CompleteError::Answer(AnswerError::NoCode)
        | CompleteError::Tokens(TokenError::Malformed)
        | CompleteError::NoIdToken
        | CompleteError::IdToken(_)
        | CompleteError::Subject
        | CompleteError::Unreadable(_)
        | CompleteError::Sql(_) => senseless(),
    };
    refusal(status, words)
}

/// Why nobody is recognised.
pub(super) fn not_recognised(error: &RecogniseError) -> Page {
    let status = match error {
        RecogniseError::AddressNotProven => StatusCode::CONFLICT,
        RecogniseError::Unknown | RecogniseError::NoVerifiedEmail | RecogniseError::Sql(_) => StatusCode::FORBIDDEN,
    };
    refusal(status, html! { p role="alert" { (error.to_string()) } })
}

/// Why an identity is not linked.
pub(super) fn not_linked(error: &LinkError, provider: &str) -> Page {
    let status = if matches!(error, LinkError::Taken) { StatusCode::CONFLICT } else { StatusCode::FORBIDDEN };
    let content = html! { p role="alert" { (error.to_string()) } p { a href="/" { "Continue" } } };
    Page::new(&format!("Your account at {provider} is not linked"), content).with_status(status)
}

/// It worked.
pub(super) fn linked(provider: &str, next: Option<&Next>) -> Page {
    let title = format!("Your account at {provider} is linked");
    match next {
        Some(next) => Page::forward(&title, next.as_str()),
        None => Page::new(&title, html! { p { "You can sign in with it from now on. You can close this page." } }),
    }
}

fn refusal(status: StatusCode, words: Markup) -> Page {
    let content = html! { (words) p { a href=(sign_in::PATH) { "Back to signing in" } } };
    Page::new("You are not signed in", content).with_status(status)
}
