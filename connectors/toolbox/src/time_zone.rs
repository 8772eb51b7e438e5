//! IANA time zones, from the database that is compiled in: a sandbox has no files to read one from.

use bulkhead_connector_kit::{ToolError, clock};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::OnceLock;

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

/// Makes the database, and parses the zone that most calls name.
pub(crate) fn warm_up() {
    // UTC is always there, and nothing but the database is wanted.
    let _ = database().get("UTC");
}

/// The zone of an IANA name.
///
/// # Errors
/// An invalid argument at `pointer` when there is none.
pub(crate) fn find(name: &str, pointer: &str) -> Result<TimeZone, ToolError> {
    database().get(name).map_err(|_| {
        let message = format!("{name:?} is not an IANA time zone, such as Europe/Berlin or UTC");
        ToolError::invalid(pointer, message)
    })
}

/// The instant now.
///
/// # Errors
/// When the host's clock shows a time that no calendar has.
pub(crate) fn now() -> Result<Timestamp, ToolError> {
    clock::now().try_into().map_err(|error: jiff::Error| ToolError::Failed(format!("the host's clock: {error}")))
}

/// An instant from RFC 3339 text.
///
/// # Errors
/// An invalid argument at `pointer` when the text is none, or names no offset.
pub(crate) fn instant(text: &str, pointer: &str) -> Result<Timestamp, ToolError> {
    text.parse().map_err(|_| {
        let message = format!("{text:?} is not an RFC 3339 time with an offset, such as 2026-01-31T08:00:00Z");
        ToolError::invalid(pointer, message)
    })
}
