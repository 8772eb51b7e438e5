//! What pages say.

use bulkhead_connections::{Authorization, CompleteError, Completed, PendingLink, StartError, TokenError};
use bulkhead_http_api::Page;
use http::StatusCode;
use maud::{Markup, html};

/// Asks whether to go on.
pub(crate) fn confirm(link: &PendingLink, token: &str, check: &str) -> Page {
    let person = if link.user_email.is_empty() {
        link.user_name.clone()
    } else {
        format!("{} ({})", link.user_name, link.user_email)
    };
    let body = html! {
        dl {
            dt { "Asked for by" } dd { (person) }
            dt { "Organization" } dd { (link.organization_name) }
            dt { "Connector" } dd { (link.connector_name) }
            dt { "Name" } dd { (link.label) }
            dt { "Used by" }
            dd { @if link.shared { "everybody in a project of the organization" } @else { (person) " alone" } }
        }
        p {
            "If you go on and agree at " (link.provider_name) ", what " (person) " runs in Bulkhead acts there with "
            strong { "your" } " account. If you are somebody else, or did not ask for this yourself, close this page."
        }
        form method="post" action="/oauth/start" {
            input type="hidden" name="token" value=(token);
            input type="hidden" name="check" value=(check);
            button type="submit" { "Continue to " (link.provider_name) }
        }
    };
    Page::new(&format!("Connect {}?", link.provider_name), body)
}

/// Leads on.
pub(crate) fn leaving(authorization: &Authorization) -> Page {
    let body = html! { p { a.go href=(authorization.url) { "Continue to " (authorization.provider_name) } } };
    let page = Page::new(&format!("On the way to {}", authorization.provider_name), body);
    page.leading_to(authorization.url.clone())
}

/// It worked.
pub(crate) fn connected(completed: &Completed) -> Page {
    let account = completed.connection.account.as_deref();
    let body = html! {
        p {
            (completed.connector_name) " can use your account"
            @if let Some(account) = account { " (" (account) ")" }
            " at " (completed.provider_name) " now. You can close this page."
        }
    };
    Page::new(&format!("{} is connected", completed.provider_name), body)
}

/// Somebody has come too often.
pub(crate) fn too_often(detail: &str) -> Page {
    Page::new("Wait a moment", html! { p role="alert" { (detail) } })
}

/// A form that no page of ours has sent.
pub(crate) fn not_own() -> Page {
    refusal(
        StatusCode::FORBIDDEN,
        "This did not come from our page",
        html! { p { "Open the link again in this browser, and allow it to keep cookies for this site." } },
    )
}

/// Why a link leads nowhere; the database's own errors are problems of everybody's kind.
pub(crate) fn not_started(error: &StartError) -> Page {
    match error {
        StartError::Unknown | StartError::Sql(_) => refusal(
            StatusCode::NOT_FOUND,
            "This link does not work",
            html! { p { "A link works once, and for ten minutes. Ask for another one." } },
        ),
        StartError::NotAllowed => refusal(
            StatusCode::FORBIDDEN,
            "This link does not work any more",
            html! { p { "Whoever asked for it has left the organization, or may not connect this account any more." } },
        ),
        StartError::NoClient(client) => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "Nothing can be connected yet",
            html! { p { "The operator has to register Bulkhead with the provider, as the OAuth client " code { (client) } "." } },
        ),
        StartError::NoProvider | StartError::Provider => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "Nothing can be connected now",
            html! { p { (error.to_string()) } },
        ),
    }
}

/// Why an account was not connected. What the provider said is told as a code alone: its words are a stranger's.
pub(crate) fn not_connected(error: &CompleteError) -> Page {
    let again = "Ask for another link and try again.";
    let (status, words): (StatusCode, Markup) = match error {
        CompleteError::UnknownState | CompleteError::Unreadable => {
            (StatusCode::BAD_REQUEST, html! { p { "This attempt is over, or took too long. " (again) } })
        }
        CompleteError::OtherBrowser => (
            StatusCode::FORBIDDEN,
            html! { p { "Connecting began in another browser. Finish it there, or ask for another link." } },
        ),
        CompleteError::Gone => {
            (StatusCode::CONFLICT, html! { p { "What was to be connected is not there any more." } })
        }
        CompleteError::NotAllowed => (
            StatusCode::FORBIDDEN,
            html! { p { "Whoever asked for this has left the organization, or may not connect this account any more." } },
        ),
        CompleteError::WrongIssuer => (
            StatusCode::BAD_REQUEST,
            html! { p { "The answer does not come from the provider that was asked. " (again) } },
        ),
        CompleteError::Denied(code) if code == "access_denied" => {
            (StatusCode::OK, html! { p { "You did not agree, or may not. Nothing was connected." } })
        }
        CompleteError::Denied(code) => {
            (StatusCode::BAD_GATEWAY, html! { p { "The provider refused: " code { (code) } ". " (again) } })
        }
        CompleteError::NoCode | CompleteError::Tokens(TokenError::Malformed) => {
            (StatusCode::BAD_GATEWAY, html! { p { "The provider's answer makes no sense. " (again) } })
        }
        CompleteError::Tokens(TokenError::InvalidGrant) => {
            (StatusCode::BAD_GATEWAY, html! { p { "The provider did not accept its own answer. " (again) } })
        }
        CompleteError::Tokens(TokenError::Refused(code)) => {
            (StatusCode::BAD_GATEWAY, html! { p { "The provider refused: " code { (code) } ". Tell the operator." } })
        }
        CompleteError::Tokens(TokenError::Unavailable(_)) => {
            (StatusCode::BAD_GATEWAY, html! { p { "The provider can't be reached now. " (again) } })
        }
        CompleteError::NoClient(_) | CompleteError::Vault(_) | CompleteError::Sql(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            html! { p { "The tokens could not be stored; the operator finds the reason in the log. " (again) } },
        ),
    };
    refusal(status, "The account is not connected", words)
}

fn refusal(status: StatusCode, title: &str, body: Markup) -> Page {
    Page::new(title, body).with_status(status)
}
