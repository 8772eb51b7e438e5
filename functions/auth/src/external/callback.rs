//! `GET /sign-in/with/{provider}/callback`: what a provider says.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use bulkhead_authorization::Parameters;
use bulkhead_connections::CallbackAnswer;
use bulkhead_federation::{CompleteError, Completed, Completion, Intent, complete};
use bulkhead_http_api::{Api, Correlation, Kind, Origin, Path, Problem};
use bulkhead_identity::{
    ExternalPerson, Limit, LinkError, Notices, OpenError, RecogniseError, Recognised, SignUpError, challenge_if_needed,
    link_identity, recognise,
};
use bulkhead_kernel::{CorrelationId, Secret};
use http::header::SET_COOKIE;
use http::{HeaderMap, Uri};

use super::start::unknown_provider;
use super::{ATTEMPT, DISCOVERED, pages, providers, redirect_uri};
use crate::notices::Telling;
use crate::pages::sign_in::{open, open_as, signed_in};
use crate::pages::{Next, second_factor};

/// Where it is.
pub(crate) const PATH: &str = "/sign-in/with/{provider}/callback";

/// Checks the answer, and signs in whoever it is about. Parameters that are not known are passed over, as RFC 6749 demands; of
/// those that are known none may be there twice.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Path(slug): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let answered = api
        .limited(
            &limits,
            Limit::SignInAddress,
            &origin.counted(),
            answer(&api, &slug, origin, &headers, &uri, &correlation),
        )
        .await;
    answered.or_else(pages::refused)
}

async fn answer(
    api: &Api,
    slug: &str,
    origin: Origin,
    headers: &HeaderMap,
    uri: &Uri,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let providers = providers(api).await?;
    let provider = providers.get(slug).ok_or_else(unknown_provider)?;
    let (telling, redirect_uri) = (Telling::of(api).await?, redirect_uri(api, provider).await?);
    let (key, notices) = (&telling.key, telling.notices());
    let completion =
        Completion { provider, http: api.http.as_ref(), cache: &DISCOVERED, key, redirect_uri: &redirect_uri };
    let said = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
    let said = |name| said.optional(name).ok().flatten().map(str::to_owned);
    let answer = CallbackAnswer {
        state: Secret::new(said("state").unwrap_or_default()),
        code: said("code").map(Secret::new),
        iss: said("iss"),
        error: said("error"),
    };
    let completed = match complete(&api.ports, &completion, &answer, ATTEMPT.of(headers)).await {
        Ok(completed) => completed,
        Err(CompleteError::Sql(error)) => return Err(error.into()),
        Err(CompleteError::Unreadable(error)) => return Err(Problem::misconfigured(error)),
        // Whoever makes a browser come here with something made up must not end the attempt that goes on in it.
        Err(error @ (CompleteError::UnknownState | CompleteError::OtherBrowser)) => {
            tracing::warn!(provider = slug, %error, "nobody is signed in");
            return Ok(pages::not_completed(&error, &provider.name).into_response());
        }
        Err(error) => {
            tracing::warn!(provider = slug, %error, "nobody is signed in");
            return Ok(over(pages::not_completed(&error, &provider.name).into_response()));
        }
    };
    let Completed { person, intent, next } = completed;
    let next = next.as_deref().and_then(Next::parse);
    let answered = match intent {
        Intent::SignIn => {
            sign_in(api, &person, provider.sign_up, next.as_ref(), (origin, &notices), correlation).await?
        }
        Intent::Link { user, session } => {
            match link_identity(&api.ports, (user, session), &person, &notices, correlation).await {
                Ok(()) => pages::linked(&provider.name, next.as_ref()).into_response(),
                Err(LinkError::Sql(error)) => return Err(error.into()),
                Err(error) => pages::not_linked(&error, &provider.name).into_response(),
            }
        }
    };
    Ok(over(answered))
}

async fn sign_in(
    api: &Api,
    person: &ExternalPerson,
    sign_up: bool,
    next: Option<&Next>,
    (origin, notices): (Origin, &Notices<'_>),
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let how = person.credential();
    let recognised = match recognise(&api.ports, person, sign_up, notices, correlation).await {
        Ok(recognised) => recognised,
        Err(RecogniseError::Sql(error)) => return Err(error.into()),
        Err(error) => return Ok(pages::not_recognised(&error).into_response()),
    };
    let opened = match recognised {
        Recognised::New(account) => {
            // As everybody else who makes an account.
            let limits = api.credential_limits().await?;
            let _left = api.throttle(&limits, Limit::SignUpAddress, &origin.counted()).await?;
            open_as(api, &account.membership, account.steps, origin, (&how, not_made), correlation).await
        }
        Recognised::Known(user) => {
            if let Some(challenge) = challenge_if_needed(&api.ports, &user, &how).await? {
                return Ok(second_factor::ask(challenge.token.expose(), None, next, None).into_response());
            }
            open(api, &user, None, origin, &how, correlation).await
        }
    };
    match opened {
        Ok(cookies) => Ok(signed_in(next, cookies)),
        Err(problem) if matches!(problem.kind(), Kind::NoOrganization | Kind::AccountExists) => pages::refused(problem),
        Err(problem) => Err(problem),
    }
}

/// The attempt is over.
fn over(answer: Response) -> Response {
    (AppendHeaders([(SET_COOKIE, ATTEMPT.forget())]), answer).into_response()
}

/// Why somebody is not signed in whose account is made with the session.
fn not_made(error: OpenError) -> Problem {
    SignUpError::from(error).into()
}
