//! `PATCH /v1/profile`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{Profile, ProfileChange, change_profile};
use bulkhead_kernel::Caller;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    avatar_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    time_zone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    locale: Option<Option<String>>,
    preferences: Option<Map<String, Value>>,
}

/// A member that is there, if only as null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes the caller's own profile. What is absent stays; null clears.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Profile>, Problem> {
    let Body { name, avatar_url, time_zone, locale, preferences } = body;
    let change = ProfileChange { name, avatar_url, time_zone, locale, preferences };
    Ok(Json(change_profile(&api.ports, &caller, change, &correlation).await?))
}
