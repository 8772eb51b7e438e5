//! `/v1/connectors/{slug}/restrictions`: what an organisation takes away from a connector, for itself.

pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod put;

use bulkhead_connectors::{RestrictError, Slug};
use bulkhead_http_api::{Kind, Problem};

/// What is no name at all is nobody's name.
fn slug(text: &str) -> Result<Slug, Problem> {
    text.parse().map_err(|_| Problem::unknown_connector())
}

fn problem(error: RestrictError) -> Problem {
    let detail = error.to_string();
    match error {
        RestrictError::Denied(denied) => denied.into(),
        RestrictError::UnknownConnector => Problem::unknown_connector(),
        RestrictError::Invalid(faults) => Problem::new(Kind::InvalidBody, detail).with_member("faults", faults),
        RestrictError::Sql(error) => error.into(),
    }
}
