//! How often an address may come here: links and answers are guessed by nobody, and tried by nobody for long.

use axum::response::Response;
use bulkhead_http_api::{Api, Kind, Origin, Problem};
use bulkhead_identity::Limit;

use crate::pages;

/// The answer, with what is left of the limit, or the refusal of whoever has come too often: before anything is looked at. It is a
/// page, since it is a browser that comes.
pub(crate) async fn limited(
    api: &Api,
    origin: &Origin,
    answer: impl Future<Output = Result<Response, Problem>> + Send,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    match api.limited(&limits, Limit::ConnectAddress, &origin.counted(), answer).await {
        Err(problem) if problem.kind() == Kind::TooManyRequests => {
            Ok(pages::too_often(problem.detail()).refusing(&problem))
        }
        answer => answer,
    }
}
