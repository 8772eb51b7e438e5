//! Cookies that bind an attempt to the browser that makes it.

use bulkhead_http_api::HostCookie;

/// What the browser brings back from the provider. It comes along when another site leads here, as a provider does.
pub(crate) const ATTEMPT: HostCookie = HostCookie::lax("__Host-bulkhead-oauth");

/// What shows that a form was sent from the page that this browser was given. It never comes along from another site.
pub(crate) const FORM: HostCookie = HostCookie::strict("__Host-bulkhead-oauth-form");

/// As long as an attempt may take.
pub(crate) const SECONDS: u64 = bulkhead_connections::LINK_LIFETIME.as_secs();
