//! `GET /v1/organization/members`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_identity::{MemberFilter, list_members};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

/// The query.
pub(crate) struct Members {
    filter: MemberFilter,
    page: PageRequest,
}

impl FromQuery for Members {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self {
            filter: MemberFilter {
                kind: parameters.parsed("kind", "person or service"),
                role: parameters.parsed("role", "owner, admin or member"),
            },
            page: parameters.page::<UserId>(),
        }
    }
}

/// The organisation's members, the newest users first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(Members { filter, page }): Query<Members>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_members(&api.ports, &caller, filter, &page, &correlation).await?))
}
