//! `GET /oauth/callback`: what a provider says.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bulkhead_authorization::Parameters;
use bulkhead_connections::{CallbackAnswer, CompleteError, Completion, complete};
use bulkhead_http_api::{Api, Correlation, Origin, Problem};
use bulkhead_kernel::{CorrelationId, Secret};
use http::{HeaderMap, Uri};

use crate::browser::ATTEMPT;
use crate::limit::limited;
use crate::{pages, settings};

/// Checks the answer, exchanges its code and says what became of it. Parameters that are not known are passed over, as
/// RFC 6749 demands; of those that are known none may be there twice.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    limited(&api, &origin, take(&api, &correlation, &headers, &uri)).await
}

async fn take(api: &Api, correlation: &CorrelationId, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    let said = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
    let said = |name| said.optional(name).ok().flatten().map(str::to_owned);
    let Some(state) = said("state").map(Secret::new) else {
        return Ok(pages::not_connected(&CompleteError::UnknownState).into_response());
    };
    let answer = CallbackAnswer { state, code: said("code").map(Secret::new), iss: said("iss"), error: said("error") };
    let redirect_uri = settings::redirect_uri(&api.public_url().await?);
    let (clients, sealing_key) = (settings::clients(api).await?, api.sealing_key().await?);
    let completion = Completion {
        clients: &clients,
        http: api.http.as_ref(),
        sealing_key: &sealing_key,
        redirect_uri: &redirect_uri,
    };
    let browser = ATTEMPT.of(headers);
    let page = match complete(&api.ports, &completion, &answer, browser, correlation).await {
        Ok(completed) => {
            tracing::info!(connection = %completed.connection.id, "an account is connected");
            pages::connected(&completed)
        }
        Err(CompleteError::Sql(error)) => return Err(error.into()),
        // Whoever makes a browser come here with something made up must not end the attempt that goes on in it.
        Err(error @ (CompleteError::UnknownState | CompleteError::OtherBrowser)) => {
            tracing::warn!(%error, "an account is not connected");
            return Ok(pages::not_connected(&error).into_response());
        }
        Err(error) => {
            tracing::warn!(%error, "an account is not connected");
            pages::not_connected(&error)
        }
    };
    // The attempt is over.
    Ok(page.with_cookie(ATTEMPT.forget()).into_response())
}
