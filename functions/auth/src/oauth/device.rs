//! `GET` and `POST /oauth/device` (RFC 8628, section 3.3)

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{Decision, Failure, Grantor, PendingDevice, decide_device, find_client, find_device};
use bulkhead_http_api::{
    Api, BrowserSession, Correlation, FormBody, FromQuery, Page, Parameters, Problem, Query, browser_session,
};
use bulkhead_identity::{Limit, places_of};
use bulkhead_kernel::CorrelationId;
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;

use super::authorize::{chosen, not_chosen, sign_in};
use super::documents::HostDocuments;
use super::pages::{self, Question};
use super::policy;

/// Where it is.
pub(super) const PATH: &str = "/oauth/device";

/// The query.
pub(super) struct Shown(Option<String>);

impl FromQuery for Shown {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.text("user_code"))
    }
}

/// The form: a code, and once the user was asked, their decision.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    csrf: String,
    user_code: String,
    organization: Option<String>,
    decision: Option<String>,
}

/// Asks for the code. One in the link is filled in, and not taken: whoever sent the link may not be the user (section 5.4).
pub(super) async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(Shown(code)): Query<Shown>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Some(session) = browser_session(&headers, &api).await? else {
        return Ok(sign_in(PATH, uri.query().unwrap_or_default()));
    };
    Ok(pages::ask_for_code(PATH, session.csrf(), code.as_deref().unwrap_or_default(), None).into_response())
}

/// Takes the code and asks, then takes the decision.
pub(super) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(form): FormBody<Form>,
) -> Result<Response, Problem> {
    let Some(session) = browser_session(&headers, &api).await? else { return Ok(sign_in(PATH, "")) };
    session.check_form(&headers, &api, &form.csrf).await?;
    let Some(place) = chosen(&api, &session, form.organization.as_deref()).await? else {
        return Ok(not_chosen());
    };
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::DeviceCodeUser, &session.caller.user.to_string()).await?;
    let grantor = Grantor { membership: &place.membership, caller: &session.caller };
    let answered = match find_device(&api.ports, &grantor, &form.user_code, &correlation).await {
        Err(failure) => Err(failure),
        Ok(device) => match form.decision.as_deref() {
            None => return left.tell(ask(&api, &session, &device, &form.user_code, &correlation).await),
            Some(decision) => decide(&api, &device, &grantor, decision, &correlation).await,
        },
    };
    left.tell(match answered {
        Ok(page) => Ok(page.into_response()),
        Err(Failure::Refused(error)) => {
            let page = pages::ask_for_code(PATH, session.csrf(), &form.user_code, Some(&error.description));
            Ok(page.with_status(StatusCode::BAD_REQUEST).into_response())
        }
        Err(Failure::Sql(error)) => Err(error.into()),
        Err(Failure::Keys(error)) => Err(Problem::misconfigured(error)),
    })
}

async fn ask(
    api: &Api,
    session: &BrowserSession,
    device: &PendingDevice,
    user_code: &str,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let documents = HostDocuments::new(api, correlation);
    let client = match find_client(&api.ports, &documents, &policy(api).await?, &device.client).await {
        Ok(client) => client,
        Err(Failure::Refused(error)) => {
            return Ok(pages::refused(StatusCode::BAD_REQUEST, &error).into_response());
        }
        Err(Failure::Sql(error)) => return Err(error.into()),
        Err(Failure::Keys(error)) => return Err(Problem::misconfigured(error)),
    };
    let places = places_of(&api.ports, session.caller.user).await?;
    let page = pages::question(&Question {
        client: &client,
        destination: "the device that shows this code",
        audience: &device.audience,
        scopes: device.scopes.iter().copied().collect(),
        places: &places,
        current: session.caller.organization,
        csrf: session.csrf(),
        path: PATH,
        hidden: ("user_code", user_code),
    });
    Ok(page.into_response())
}

async fn decide(
    api: &Api,
    device: &PendingDevice,
    grantor: &Grantor<'_>,
    decision: &str,
    correlation: &CorrelationId,
) -> Result<Page, Failure> {
    let decision = if decision == "allow" { Decision::Approve } else { Decision::Deny };
    decide_device(&api.ports, device, grantor, decision, correlation).await?;
    Ok(match decision {
        Decision::Approve => pages::done("Allowed", "Go back to your device; it goes on by itself."),
        Decision::Deny => pages::done("Refused", "The device was told, and got nothing."),
    })
}
