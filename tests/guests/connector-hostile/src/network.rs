//! Tools that want more of the network than they were granted.

use std::collections::BTreeMap;

use bulkhead_connector_kit::http::{HttpError, Request, Response};
use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Nothing;

/// Where the attack starts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// A URL that is granted.
    url: String,
}

/// What came back.
#[derive(Serialize, JsonSchema)]
pub struct Fetched {
    /// The answer's status.
    status: u16,
    /// The body, or how long it is where it is too long to be shown.
    body: String,
}

impl From<Response> for Fetched {
    fn from(response: Response) -> Self {
        let short = response.body().len() <= 10_000;
        let body = if short { response.text() } else { format!("{} bytes", response.body().len()) };
        Self { status: response.status(), body }
    }
}

/// Which attempts got an answer, and why the others got none.
#[derive(Serialize, JsonSchema)]
pub struct Attempts {
    /// How many there were.
    attempts: u64,
    /// What was answered, by what was asked.
    answered: BTreeMap<String, String>,
    /// Why there is no answer, by what was asked.
    refused: BTreeMap<String, String>,
}

impl Attempts {
    fn all(urls: impl IntoIterator<Item = String>) -> Self {
        let mut all = Self { attempts: 0, answered: BTreeMap::new(), refused: BTreeMap::new() };
        for url in urls {
            let sent = Request::get(url.as_str()).send();
            all.note(url, sent);
        }
        all
    }

    fn note(&mut self, asked: String, sent: Result<Response, HttpError>) {
        self.attempts += 1;
        match sent {
            Ok(response) => self.answered.insert(asked, response.text()),
            Err(error) => self.refused.insert(asked, error.to_string()),
        };
    }
}

/// Says in headers what only a host or a proxy may say.
pub struct SmuggleHeaders;

impl Tool for SmuggleHeaders {
    const NAME: &'static str = "smuggle_headers";
    const TITLE: &'static str = "Smuggle headers";
    const DESCRIPTION: &'static str = "Sets one header after the other that it may not set, to `evil`. None of them may \
        reach the server.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = Start;
    type Output = Attempts;

    fn call(input: Start) -> Result<Attempts, ToolError> {
        const HEADERS: [&str; 24] = [
            "host",
            "Host",
            "authorization",
            "Authorization",
            "cookie",
            "x-api-key",
            "X_Api_Key",
            "proxy-authorization",
            "proxy-connection",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "expect",
            "accept-encoding",
            "forwarded",
            "x-forwarded-host",
            "X_Forwarded_For",
            "x-http-method-override",
            "x-original-url",
            "metadata-flavor",
            "x-smuggled\r\nx-injected",
        ];
        let mut all = Attempts::all([]);
        for name in HEADERS {
            all.note(name.to_owned(), Request::get(input.url.as_str()).header(name, "evil").send());
        }
        let smuggled = Request::get(input.url.as_str()).header("x-line", "a\r\nx-injected: evil").send();
        all.note("the end of a line".to_owned(), smuggled);
        Ok(all)
    }
}

/// Follows a redirect wherever it leads.
pub struct FollowRedirect;

impl Tool for FollowRedirect {
    const NAME: &'static str = "follow_redirect";
    const TITLE: &'static str = "Follow a redirect";
    const DESCRIPTION: &'static str = "Asks a server and goes wherever it says. What was not granted stays so.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = Start;
    type Output = Fetched;

    fn call(input: Start) -> Result<Fetched, ToolError> {
        let response = Request::get(input.url).send()?;
        match response.header("location") {
            Some(location) => Ok(Request::get(location).send()?.into()),
            None => Ok(response.into()),
        }
    }
}

/// Looks for the machine's own services and its cloud's, under all their names.
pub struct ReachMetadata;

impl Tool for ReachMetadata {
    const NAME: &'static str = "reach_metadata";
    const TITLE: &'static str = "Reach the metadata service";
    const DESCRIPTION: &'static str = "Asks the cloud's metadata service and this machine, in every spelling of their \
        addresses. Nobody may answer.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = Nothing;
    type Output = Attempts;

    fn call(_: Nothing) -> Result<Attempts, ToolError> {
        let hosts = [
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
            "metadata.google.internal",
            "100.100.100.200",
            "localhost",
            "localhost.",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0177.0.0.1",
            "0",
            "[::]",
            "[::1]",
            "[::ffff:7f00:1]",
            "granted.example@169.254.169.254",
            "169.254.169.254#@granted.example",
        ];
        Ok(Attempts::all(hosts.into_iter().flat_map(|host| {
            [format!("http://{host}/latest/meta-data/"), format!("https://{host}/latest/meta-data/")]
        })))
    }
}

/// Climbs out of the paths that it was granted.
pub struct WidenPath;

impl Tool for WidenPath {
    const NAME: &'static str = "widen_path";
    const TITLE: &'static str = "Widen a path";
    const DESCRIPTION: &'static str = "Takes a URL that ends in a granted folder, and climbs out of it in every way \
        that some server understands. Nothing may be answered.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = Start;
    type Output = Attempts;

    fn call(input: Start) -> Result<Attempts, ToolError> {
        let ways = [
            "../admin",
            "%2e%2e/admin",
            ".%2E/admin",
            "..%2fadmin",
            "%2e%2e%2fadmin",
            "..%252fadmin",
            "%252e%252e%252fadmin",
            "..%5cadmin",
            "..\\admin",
            "..;/admin",
            "./../admin",
            "a/../../admin",
            "%00/admin",
            "%0d%0aGET%20/admin",
            "..%c0%af/../admin",
        ];
        Ok(Attempts::all(ways.into_iter().map(|way| format!("{}{way}", input.url))))
    }
}

/// Takes an answer that is far larger than it looks.
pub struct UnpackBomb;

impl Tool for UnpackBomb {
    const NAME: &'static str = "unpack_bomb";
    const TITLE: &'static str = "Unpack a bomb";
    const DESCRIPTION: &'static str = "Fetches a compressed answer that is far larger than it looks.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = Start;
    type Output = Fetched;

    fn call(input: Start) -> Result<Fetched, ToolError> {
        Ok(Request::get(input.url).response_limit(u64::MAX).send()?.into())
    }
}

/// Takes an answer whose headers have no end.
pub struct SwallowHeaders;

impl Tool for SwallowHeaders {
    const NAME: &'static str = "swallow_headers";
    const TITLE: &'static str = "Swallow headers";
    const DESCRIPTION: &'static str = "Fetches an answer whose headers have no end.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = Start;
    type Output = Fetched;

    fn call(input: Start) -> Result<Fetched, ToolError> {
        Ok(Request::get(input.url).send()?.into())
    }
}

/// How much to hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldAnswersInput {
    /// A URL that is granted.
    url: String,
    /// How many answers to hold.
    answers: u32,
}

/// How much was held.
#[derive(Serialize, JsonSchema)]
pub struct Held {
    /// The answers.
    answers: u32,
}

/// Holds connections without reading from them.
pub struct HoldAnswers;

impl Tool for HoldAnswers {
    const NAME: &'static str = "hold_answers";
    const TITLE: &'static str = "Hold answers";
    const DESCRIPTION: &'static str = "Sends requests and holds their answers without reading them.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = HoldAnswersInput;
    type Output = Held;

    fn call(input: HoldAnswersInput) -> Result<Held, ToolError> {
        hold(&input.url, input.answers).map(|answers| Held { answers }).map_err(ToolError::Failed)
    }
}

#[cfg(not(target_family = "wasm"))]
fn hold(_: &str, _: u32) -> Result<u32, String> {
    Err("only a component can".to_owned())
}

#[cfg(target_family = "wasm")]
fn hold(url: &str, answers: u32) -> Result<u32, String> {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

    let rest = url.strip_prefix("http://").ok_or("the URL is not http")?;
    let (authority, path) = rest.split_once('/').ok_or("the URL has no path")?;
    let mut held = Vec::new();
    for _ in 0..answers {
        let request = OutgoingRequest::new(Fields::new());
        let path = format!("/{path}");
        let set = request.set_scheme(Some(&Scheme::Http)).is_ok()
            && request.set_authority(Some(authority)).is_ok()
            && request.set_path_with_query(Some(&path)).is_ok();
        let pending = handle(request, None).ok().filter(|_| set).ok_or("it can't be sent")?;
        pending.subscribe().block();
        match pending.get() {
            Some(Ok(Ok(answer))) => held.push(answer),
            other => return Err(format!("{} held, then {other:?}", held.len())),
        }
    }
    u32::try_from(held.len()).map_err(|error| error.to_string())
}
