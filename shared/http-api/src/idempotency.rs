//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::request::Parts;

use crate::{Api, Kind, Problem};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The request's idempotency key, if it has one: the header's value as it stands, quotes included. The use case
/// checks its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl FromRequestParts<Api> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let refuse = |detail| Err(Problem::new(Kind::InvalidHeader, detail).with_member("header", "Idempotency-Key"));
        match (value.to_str(), values.next()) {
            (_, Some(_)) => refuse("Idempotency-Key is given more than once"),
            (Err(_), _) => refuse("Idempotency-Key has other than visible ASCII characters"),
            (Ok(key), None) => Ok(Self(Some(key.trim().to_owned()))),
        }
    }
}
