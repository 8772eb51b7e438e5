//! `GET /v1/projects/{id}/roles`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Path, Problem, Query, collection};
use bulkhead_identity::list_project_roles;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;
use http::Uri;

/// Who has which role in a project: teams, then members.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<ProjectId>,
    Query(page): Query<PageOf<super::Place>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_project_roles(&api.ports, &caller, id, &page.page, &correlation).await?))
}
