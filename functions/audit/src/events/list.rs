//! `GET /v1/audit/events`

use axum::extract::State;
use axum::response::Response;
use bulkhead_audit::{Act, AuditFilter, Target};
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_kernel::id::AuditEventId;
use bulkhead_kernel::{Caller, PageRequest, Permission};
use http::Uri;

/// The query.
pub(crate) struct Events {
    filter: AuditFilter,
    page: PageRequest,
}

impl FromQuery for Events {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self {
            filter: AuditFilter {
                action: parameters.text("action"),
                outcome: parameters.parsed("outcome", "pending, succeeded, failed, canceled or refused"),
                job: parameters.parsed("job", "a job's id, which is a UUID"),
                correlation_id: parameters.text("correlation_id"),
            },
            page: parameters.page::<AuditEventId>(),
        }
    }
}

/// The organisation's entries, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(events): Query<Events>,
    uri: Uri,
) -> Result<Response, Problem> {
    let target = Target::new("organization", caller.organization);
    Act::new(&api.ports, &caller, "audit.list", target, &correlation).admit(Permission::ReadAudit).await?;
    let page = bulkhead_audit::list(&api.ports, &caller, &events.filter, &events.page).await?;
    Ok(collection(&uri, page))
}
