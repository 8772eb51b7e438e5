//! `GET /v1/organization/invitations`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_identity::list_invitations;
use bulkhead_kernel::id::InvitationId;
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

/// The query.
pub(crate) struct Invitations(PageRequest);

impl FromQuery for Invitations {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.page::<InvitationId>())
    }
}

/// The organisation's invitations that can be taken, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(Invitations(page)): Query<Invitations>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_invitations(&api.ports, &caller, &page, &correlation).await?))
}
