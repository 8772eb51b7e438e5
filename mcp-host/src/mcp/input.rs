//! Calls that need input: what a client can be asked, how state comes back, and asking clients of older versions, which
//! want to be asked while they wait.

use std::collections::BTreeMap;
use std::time::Duration;

use bulkhead_execution::{Capabilities, InputRequired, Round};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::{Caller, Secret};
use rmcp::model::{
    ClientCapabilities, InputRequest, InputRequests, InputRequiredResult, InputResponses, RequestStateCodec,
    SealOptions, ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext, RoleServer};
use rmcp::{ErrorData, ServiceError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bytes of state that a client may bring back: what is sealed is never larger than a result may be.
const MAX_STATE_BYTES: usize = 4 << 20;

/// What a client says that it can be asked.
pub(super) fn capabilities(context: &RequestContext<RoleServer>) -> Capabilities {
    let Some(declared) = context.client_capabilities() else { return Capabilities::default() };
    let elicitation = declared.elicitation.as_ref();
    // An empty capability is one of the time when there were only forms.
    let is_empty = |declared: &rmcp::model::ElicitationCapability| declared.form.is_none() && declared.url.is_none();
    Capabilities {
        elicitation: elicitation.is_some_and(|declared| declared.form.is_some() || is_empty(declared)),
        elicitation_url: elicitation.is_some_and(|declared| declared.url.is_some()),
        sampling: declared.sampling.is_some(),
        roots: declared.roots.is_some(),
    }
}

/// Keeps the state of tools out of the reach of whoever carries it.
pub(super) struct Sealer {
    codec: RequestStateCodec,
    ttl: Duration,
}

/// What a state belongs to: it is worth nothing to anybody else, or with any other request.
pub(super) struct Binding<'a> {
    pub(super) caller: &'a Caller,
    /// Whose account the request uses hangs on it.
    pub(super) project: Option<ProjectId>,
    /// The method and the name or address.
    pub(super) request: (&'static str, &'a str),
    pub(super) arguments: &'a Value,
}

impl Binding<'_> {
    fn digest(&self) -> Vec<u8> {
        let (method, name) = self.request;
        let mut hash = Sha256::new();
        let (organization, user) = (self.caller.organization.to_string(), self.caller.user.to_string());
        let project = self.project.map(|project| project.to_string()).unwrap_or_default();
        for part in [&organization, &user, &project, method, name, &self.arguments.to_string()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }
}

impl Sealer {
    /// A sealer whose key every process derives from the same secret.
    pub(super) fn new(secret: &Secret, ttl: Duration) -> Self {
        let key = Sha256::new().chain_update("bulkhead request state v1\0").chain_update(secret.expose()).finalize();
        let codec = RequestStateCodec::try_new(key.to_vec()).expect("a SHA-256 digest is as long as a key must be");
        Self { codec, ttl }
    }

    /// The round that a request brings along.
    ///
    /// # Errors
    /// Invalid params, when its state was changed, is too old, or belongs to another request or caller.
    pub(super) fn round(
        &self,
        binding: &Binding<'_>,
        capabilities: Capabilities,
        responses: Option<InputResponses>,
        sealed: Option<String>,
    ) -> Result<Round, ErrorData> {
        let refused = || {
            let message = "requestState is not what was given for this request, or is too old; begin without it";
            ErrorData::invalid_params(message, None)
        };
        let open = |sealed: String| -> Result<_, ErrorData> {
            let fits = sealed.len() <= MAX_STATE_BYTES;
            let opened = fits.then(|| self.codec.open_with(&sealed, &binding.digest()).ok()).flatten();
            let state = opened.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(refused)?;
            // A first character tells "no state" from an empty one.
            match state.strip_prefix('=') {
                Some(state) => Ok(Some(state.to_owned())),
                None => Ok(None),
            }
        };
        let state = sealed.map(open).transpose()?.flatten();
        Ok(Round { capabilities, answers: responses.unwrap_or_default(), state })
    }

    /// The questions of a run as MCP's result.
    ///
    /// # Errors
    /// Missing required client capability, when the client can't be asked; internal error, when the tool's questions are
    /// not MCP's.
    pub(super) fn result(
        &self,
        binding: &Binding<'_>,
        capabilities: Capabilities,
        asked: InputRequired,
    ) -> Result<InputRequiredResult, ErrorData> {
        let has_state = asked.state.is_some();
        let options = SealOptions::new();
        let digest = binding.digest();
        let options = options.associated_data(&digest).ttl(self.ttl);
        let state = asked.state.as_deref().map(|state| self.codec.seal_with(format!("={state}").as_bytes(), &options));
        let requests = requests(asked.requests, capabilities)?;
        debug_assert!(has_state || !requests.is_empty(), "the sandbox lets no empty questions through");
        Ok(InputRequiredResult::new(Some(requests).filter(|requests| !requests.is_empty()), state))
    }
}

/// The questions as MCP's requests, if the client can be asked all of them.
///
/// # Errors
/// As of [`Sealer::result`].
pub(super) fn requests(
    asked: serde_json::Map<String, Value>,
    capabilities: Capabilities,
) -> Result<InputRequests, ErrorData> {
    let mut missing = ClientCapabilities::default();
    let mut requests = BTreeMap::new();
    for (key, request) in asked {
        let invalid = |error: serde_json::Error| {
            tracing::warn!(key, %error, "a connector asks what is not MCP's");
            ErrorData::internal_error("the connector asks for input in a way that is not MCP's", None)
        };
        let request: InputRequest = serde_json::from_value(request).map_err(invalid)?;
        match &request {
            InputRequest::Elicitation(elicit) => {
                let by_url = matches!(elicit.params, rmcp::model::ElicitRequestParams::UrlElicitationParams { .. });
                if by_url && !capabilities.elicitation_url {
                    let declared = missing.elicitation.get_or_insert_default();
                    declared.url = Some(rmcp::model::UrlElicitationCapability::new());
                } else if !by_url && !capabilities.elicitation {
                    let declared = missing.elicitation.get_or_insert_default();
                    declared.form = Some(rmcp::model::FormElicitationCapability::new());
                }
            }
            InputRequest::CreateMessage(_) if !capabilities.sampling => {
                missing.sampling.get_or_insert_default();
            }
            InputRequest::ListRoots(_) if !capabilities.roots => {
                missing.roots.get_or_insert_default();
            }
            _ => {}
        }
        requests.insert(key, request);
    }
    if missing == ClientCapabilities::default() {
        Ok(requests)
    } else {
        Err(ErrorData::missing_required_client_capability(missing))
    }
}

/// Why a client that waits has not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// It has canceled its request, or is gone.
    #[error("the request was canceled while its input was waited for")]
    Canceled,
    /// It took longer than it may.
    #[error("no answer came within {} seconds, so the call was ended; call again", .0.as_secs())]
    TooLate(Duration),
    /// It answered with an error of its own.
    #[error("the client refused: {}", .0.message)]
    Refused(ErrorData),
    /// The question or its answer was lost on the way.
    #[error("the client did not answer: {0}")]
    Unreachable(ServiceError),
    /// There is no such question.
    #[error("the connector asks what clients can't be asked")]
    NoQuestion,
}

impl From<AskError> for ErrorData {
    fn from(error: AskError) -> Self {
        let message = error.to_string();
        match error {
            AskError::Refused(refusal) => refusal,
            AskError::TooLate(patience) => {
                let data = json!({ "type": "input_timed_out", "seconds": patience.as_secs() });
                Self::internal_error(message, Some(data))
            }
            AskError::Canceled | AskError::Unreachable(_) | AskError::NoQuestion => Self::internal_error(message, None),
        }
    }
}

/// Asks a client that waits, one question after the other. All of them together may take `patience`, as the state may that
/// other clients are given.
///
/// # Errors
/// [`AskError`]; the client is told that its answer is not waited for any more.
pub(super) async fn ask(
    context: &RequestContext<RoleServer>,
    patience: Duration,
    requests: InputRequests,
) -> Result<InputResponses, AskError> {
    let deadline = Instant::now() + patience;
    let mut answers = BTreeMap::new();
    for (key, request) in requests {
        let request = match request {
            InputRequest::Elicitation(request) => ServerRequest::ElicitRequest(request),
            InputRequest::CreateMessage(request) => ServerRequest::CreateMessageRequest(request),
            InputRequest::ListRoots(request) => ServerRequest::ListRootsRequest(request),
            _ => return Err(AskError::NoQuestion),
        };
        let sent = context.peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await;
        let mut asked = sent.map_err(AskError::Unreachable)?;
        let answer = match awaited(&mut asked.rx, &context.ct, (deadline, patience)).await {
            Ok(answer) => answer,
            Err(error) => {
                // Its user need not be asked any more. If it can't be told, it is gone.
                let _ = asked.cancel(Some(error.to_string())).await;
                return Err(error);
            }
        };
        let answer = answer.unwrap_or(Err(ServiceError::TransportClosed)).map_err(|error| match error {
            ServiceError::McpError(error) => AskError::Refused(error),
            error => AskError::Unreachable(error),
        })?;
        answers.insert(key, serde_json::to_value(answer).expect("MCP's results are JSON"));
    }
    Ok(answers)
}

/// An answer, if it comes before the request is canceled and before its time is over.
async fn awaited<T>(
    answer: impl Future<Output = T>,
    canceled: &CancellationToken,
    (deadline, patience): (Instant, Duration),
) -> Result<T, AskError> {
    tokio::select! {
        biased;
        () = canceled.cancelled() => Err(AskError::Canceled),
        answer = answer => Ok(answer),
        () = tokio::time::sleep_until(deadline) => Err(AskError::TooLate(patience)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn an_answer_is_waited_for_until_its_time_is_over() {
        let (canceled, now) = (CancellationToken::new(), Instant::now());
        let answered = awaited(tokio::task::yield_now(), &canceled, (now + HOUR, HOUR)).await;
        assert!(answered.is_ok(), "{answered:?}");
        let late = awaited(std::future::pending::<()>(), &canceled, (now, HOUR)).await;
        let error = late.expect_err("is too late");
        assert!(matches!(error, AskError::TooLate(HOUR)), "{error}");
        assert_eq!(ErrorData::from(error).data, Some(json!({ "type": "input_timed_out", "seconds": 3_600 })));
    }

    #[tokio::test]
    async fn nobody_waits_for_input_to_a_request_that_was_canceled() {
        let canceled = CancellationToken::new();
        let waiting = awaited(std::future::pending::<()>(), &canceled, (Instant::now() + HOUR, HOUR));
        let (waited, ()) = tokio::join!(waiting, async { canceled.cancel() });
        assert!(matches!(waited, Err(AskError::Canceled)), "{waited:?}");
    }

    fn elicitation() -> serde_json::Map<String, Value> {
        let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let params = json!({ "mode": "form", "message": "Who?", "requestedSchema": schema });
        let asked = json!({ "who": { "method": "elicitation/create", "params": params } });
        asked.as_object().cloned().expect("an object")
    }

    #[test]
    fn nobody_is_asked_what_they_did_not_offer() {
        let error = requests(elicitation(), Capabilities::default()).expect_err("is refused");
        assert_eq!(error.code, rmcp::model::ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY);
        let offered = Capabilities { elicitation: true, ..Capabilities::default() };
        assert_eq!(requests(elicitation(), offered).expect("is asked").len(), 1);
    }

    #[test]
    fn what_is_not_mcp_is_not_asked() {
        let asked = json!({ "who": { "method": "elicitation/create", "params": {} } });
        let offered = Capabilities { elicitation: true, ..Capabilities::default() };
        let error = requests(asked.as_object().cloned().expect("an object"), offered).expect_err("is refused");
        assert_eq!(error.code, rmcp::model::ErrorCode::INTERNAL_ERROR);
    }
}
