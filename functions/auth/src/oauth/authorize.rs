//! `GET` and `POST /oauth/authorize` (RFC 6749, section 3.1)

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bulkhead_authorization::{
    AuthorizationRequest, Code, Consent, Grantor, OAuthError, Parameters, Policy, Refused, check_request, issue_code,
    refuse_consent,
};
use bulkhead_http_api::{Api, BrowserSession, Correlation, FormBody, Problem, browser_session};
use bulkhead_identity::{Place, places_of};
use bulkhead_kernel::CorrelationId;
use bulkhead_kernel::id::OrganizationId;
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;

use super::documents::HostDocuments;
use super::pages::{self, Question};
use super::{answer, policy};
use crate::pages::sign_in::leading_to;

/// Where it is.
pub(super) const PATH: &str = "/oauth/authorize";

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    csrf: String,
    /// The query of the request, as it came. It is checked once more.
    request: String,
    organization: Option<String>,
    decision: String,
}

/// Asks the user. Whoever is not signed in does that first, whatever the request is: a link to us must not lead anybody on to
/// wherever its maker wants (RFC 9700, section 4.11.2).
pub(super) async fn show(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = uri.query().unwrap_or_default();
    let Some(session) = browser_session(&headers, &api).await? else { return Ok(sign_in(PATH, query)) };
    let (issuer, policy) = (api.public_url().await?, policy(&api).await?);
    let request = match check(&api, &policy, &issuer, query, &correlation).await? {
        Ok(request) => request,
        Err(response) => return Ok(response),
    };
    let places = places_of(&api.ports, session.caller.user).await?;
    let page = pages::question(&Question {
        client: &request.client,
        destination: &request.redirect_uri.destination(),
        audience: &request.audience,
        scopes: request.scopes.iter().copied().collect(),
        places: &places,
        current: session.caller.organization,
        csrf: session.csrf(),
        path: PATH,
        hidden: ("request", query),
    });
    Ok(page.with_form_target(&request.redirect_uri.policy_source()).into_response())
}

/// Takes the user's answer, and sends the browser back to the client with it.
pub(super) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    headers: HeaderMap,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let Some(session) = browser_session(&headers, &api).await? else { return Ok(sign_in(PATH, &form.request)) };
    session.check_form(&headers, &api, &form.csrf).await?;
    let (issuer, policy) = (api.public_url().await?, policy(&api).await?);
    let request = match check(&api, &policy, &issuer, &form.request, &correlation).await? {
        Ok(request) => request,
        Err(response) => return Ok(response),
    };
    let Some(place) = chosen(&api, &session, form.organization.as_deref()).await? else {
        return Ok(not_chosen());
    };
    let grantor = Grantor { membership: &place.membership, caller: &session.caller };
    let consent = Consent { request: &request, grantor: &grantor, issuer: &issuer };
    if form.decision != "allow" {
        return Ok(redirect(&refuse_consent(&api.ports, &consent, &correlation).await?));
    }
    let granted = issue_code(&api.ports, &policy, &consent, &correlation).await?;
    Ok(granted.map_or_else(|| sign_in(PATH, &form.request), |to| redirect(&to)))
}

/// The request, or the answer to one that no user is asked about.
async fn check(
    api: &Api,
    policy: &Policy,
    issuer: &str,
    query: &str,
    correlation: &CorrelationId,
) -> Result<Result<AuthorizationRequest, Response>, Problem> {
    let documents = HostDocuments::new(api, correlation);
    let parameters = Parameters::parse(query.as_bytes());
    match check_request(&api.ports, &documents, policy, issuer, &parameters).await {
        Ok(request) => Ok(Ok(request)),
        Err(Refused::ToClient(to)) => Ok(Err(redirect(&to))),
        Err(Refused::ToUser(error)) => {
            // There is nobody here to authenticate as a client, so the status says no more than that.
            let status = match answer::status(error.code) {
                StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
                other => other,
            };
            Ok(Err(pages::refused(status, &error).into_response()))
        }
        Err(Refused::Sql(error)) => Err(error.into()),
    }
}

/// The organisation that the user has chosen; the one of their session when they could not choose.
pub(super) async fn chosen(
    api: &Api,
    session: &BrowserSession,
    organization: Option<&str>,
) -> Result<Option<Place>, Problem> {
    let places = places_of(&api.ports, session.caller.user).await?;
    let wanted = match organization {
        None => Some(session.caller.organization),
        Some(text) => text.parse::<OrganizationId>().ok(),
    };
    Ok(places.into_iter().find(|place| Some(place.membership.organization) == wanted))
}

/// The answer to whoever has chosen an organisation that they do not belong to.
pub(super) fn not_chosen() -> Response {
    let error = OAuthError::new(Code::InvalidRequest, "you do not belong to this organization");
    pages::refused(StatusCode::FORBIDDEN, &error).into_response()
}

/// To where one signs in, and from there back here.
pub(super) fn sign_in(path: &str, query: &str) -> Response {
    let next = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    Redirect::to(&leading_to(&next)).into_response()
}

/// By `GET`, so that the form is not sent on (RFC 9700, section 4.12).
fn redirect(to: &str) -> Response {
    Redirect::to(to).into_response()
}
