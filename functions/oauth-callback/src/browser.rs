//! Cookies that bind an attempt to the browser that makes it.

use http::HeaderValue;

/// What the browser brings back from the provider. It comes along when another site leads here (Lax), as a provider does.
pub(crate) const ATTEMPT: &str = "__Host-bulkhead-oauth";

/// What shows that a form was sent from the page that this browser was given. It never comes along from another site.
pub(crate) const FORM: &str = "__Host-bulkhead-oauth-form";

/// As long as an attempt may take.
const SECONDS: u64 = bulkhead_connections::LINK_LIFETIME.as_secs();

/// A cookie for this host alone (RFC 6265bis, section 4.1.3.2). The value is of characters that need no quotes.
pub(crate) fn set(name: &str, value: &str, same_site: &str) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Max-Age={SECONDS}; Secure; HttpOnly; SameSite={same_site}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The cookie's end.
pub(crate) fn forget(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")).ok()
}
