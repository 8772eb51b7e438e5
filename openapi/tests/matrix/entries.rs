//! Each route, and who may use it.

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum May {
    /// Whoever asks, without a credential too: what proves who it is, if anything, is in the body.
    Anyone,
    /// Every user of an organisation, there.
    Members,
    /// Its admins and owners.
    Admins,
}

/// What another tenant's owner gets of the path with our things in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// What is theirs, or the installation's: nothing of ours is in the path.
    Their,
    /// 404, as for what does not exist.
    Unknown,
}
use Elsewhere::{Their, Unknown};
use May::{Admins, Anyone, Members};

/// A route.
pub(crate) struct Entry {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) may: May,
    pub(crate) elsewhere: Elsewhere,
    /// A body (JSON) that gets past the door; none when empty.
    pub(crate) body: &'static str,
}

const fn entry(method: &'static str, path: &'static str, may: May, elsewhere: Elsewhere) -> Entry {
    Entry { method, path, may, elsewhere, body: "" }
}

impl Entry {
    const fn with(self, body: &'static str) -> Self {
        Self { body, ..self }
    }
}

/// Every one.
pub(crate) const ENTRIES: &[Entry] = &[
    entry("get", "/sign-in", Anyone, Their),
    entry("post", "/sign-in", Anyone, Their),
    entry("get", "/sign-out", Anyone, Their),
    entry("post", "/sign-out", Anyone, Their),
    entry("get", "/v1/audit/events", Members, Their),
    entry("post", "/v1/auth/refresh", Anyone, Their).with("{}"),
    entry("get", "/v1/auth/sessions", Members, Their),
    entry("delete", "/v1/auth/sessions/{id}", Members, Unknown),
    entry("post", "/v1/auth/sign-in", Anyone, Their).with("{}"),
    entry("post", "/v1/auth/sign-up", Anyone, Their).with("{}"),
    entry("get", "/v1/connectors", Members, Their),
    entry("get", "/v1/connectors/{slug}", Members, Their),
    entry("get", "/v1/connectors/{slug}/restrictions", Admins, Their),
    entry("put", "/v1/connectors/{slug}/restrictions", Admins, Their).with("{}"),
    entry("delete", "/v1/connectors/{slug}/restrictions", Admins, Their),
    entry("get", "/v1/connectors/{slug}/tools", Members, Their),
    entry("post", "/v1/connectors/{slug}/tools/{tool}/jobs", Members, Their)
        .with(r#"{"arguments":{"filter":".","input":1}}"#),
    entry("get", "/v1/jobs", Members, Their),
    entry("get", "/v1/jobs/{id}", Members, Unknown),
    entry("post", "/v1/jobs/{id}/answers", Members, Unknown).with(r#"{"answers":{}}"#),
    entry("post", "/v1/jobs/{id}/cancel", Members, Unknown),
    entry("get", "/v1/jobs/{id}/events", Members, Unknown),
];
