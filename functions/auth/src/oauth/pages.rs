//! What a person sees: who asks for what, and what became of it.

use bulkhead_authorization::{Client, ClientKind, OAuthError};
use bulkhead_http_api::{CsrfToken, Page};
use bulkhead_identity::Place;
use bulkhead_kernel::Scope;
use bulkhead_kernel::id::OrganizationId;
use http::StatusCode;
use maud::{Markup, html};

/// What a scope lets an application do.
pub(super) const fn in_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Tools => "See connectors and connected accounts, call tools with them, and see and stop jobs, as you",
        Scope::AuditRead => "Read the organization's audit trail",
        Scope::Organization => "See and change what the organization is and has, as far as you may",
        Scope::Profile => "See and change your profile, see and end your sessions, and connect and disconnect accounts",
    }
}

/// A question to a user.
pub(super) struct Question<'a> {
    pub(super) client: &'a Client,
    /// Who gets it: a host, this machine, or a device.
    pub(super) destination: &'a str,
    pub(super) audience: &'a str,
    pub(super) scopes: Vec<Scope>,
    pub(super) places: &'a [Place],
    /// The organisation of the browser's session, which is chosen unless the user chooses another.
    pub(super) current: OrganizationId,
    pub(super) csrf: &'a CsrfToken,
    /// Where the answer goes, and what it is about.
    pub(super) path: &'a str,
    pub(super) hidden: (&'a str, &'a str),
}

/// Asks whether a client gets what it asks for.
pub(super) fn question(asked: &Question<'_>) -> Page {
    let client = asked.client;
    let name = if client.name.is_empty() { "An application without a name" } else { &client.name };
    let content = html! {
        p { strong { (name) } " asks for access to this Bulkhead." }
        @match client.kind {
            ClientKind::Document => p { "It is described at " code { (client.id) } "." },
            ClientKind::Registered => p { "It chose this name itself; nobody has checked it." },
        }
        p { "If you allow it, this goes to " strong { (asked.destination) } "." }
        p { "It could, at " code { (asked.audience) } ":" }
        ul { @for scope in &asked.scopes { li { (in_words(*scope)) } } }
        form method="post" action=(asked.path) {
            input type="hidden" name="csrf" value=(asked.csrf.expose());
            input type="hidden" name=(asked.hidden.0) value=(asked.hidden.1);
            (organizations(asked.places, asked.current))
            button type="submit" name="decision" value="deny" { "Refuse" }
            button type="submit" name="decision" value="allow" { "Allow" }
        }
    };
    Page::new("Allow access?", content)
}

fn organizations(places: &[Place], current: OrganizationId) -> Markup {
    html! {
        @match places {
            [only] => {
                p { "In the organization " strong { (only.name) } "." }
                input type="hidden" name="organization" value=(only.membership.organization);
            },
            several => label { "In which organization"
                select name="organization" {
                    @for place in several {
                        @let id = place.membership.organization;
                        option value=(id) selected[id == current] { (place.name) }
                    }
                }
            },
        }
    }
}

/// Asks for the code that a device shows.
pub(super) fn ask_for_code(path: &str, csrf: &CsrfToken, typed: &str, wrong: Option<&str>) -> Page {
    let content = html! {
        @if let Some(wrong) = wrong { p role="alert" { (wrong) } }
        p { "Type in the code that your device shows. Go on only if you started this yourself, just now." }
        form method="post" action=(path) {
            input type="hidden" name="csrf" value=(csrf.expose());
            label { "Code" input type="text" name="user_code" value=(typed) autocomplete="off" required; }
            button type="submit" { "Continue" }
        }
    };
    Page::new("Connect a device", content)
}

/// Says how it went.
pub(super) fn done(title: &str, text: &str) -> Page {
    Page::new(title, html! { p { (text) } })
}

/// Says why an application's request is not answered, where nobody else can be told.
pub(super) fn refused(status: StatusCode, error: &OAuthError) -> Page {
    let content = html! {
        p { "An application sent you here with a request that can't be answered, so nothing was granted." }
        p role="alert" { (error.description) }
        p { code { (error.code.as_str()) } }
    };
    Page::new("This does not work", content).with_status(status)
}
