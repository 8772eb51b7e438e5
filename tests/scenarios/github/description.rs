//! GitHub's own description of its API, served by Prism, which checks every request against it.

use std::sync::{Arc, Mutex, PoisonError};

use bulkhead_system_tests::{Process, Reply, Request, eventually, path, program, run};
use serde_json::Value;
use tempfile::TempDir;

use super::server::{Answer, Seen, Server, answer};
use crate::prometheus::free_port;

/// The requests that the connector sends: methods, and paths below a repository's.
pub(crate) const REQUESTS: [(&str, &str); 18] = [
    ("GET", ""),
    ("GET", "/pulls"),
    ("GET", "/pulls/{pull_number}"),
    ("GET", "/pulls/{pull_number}/files"),
    ("GET", "/issues"),
    ("POST", "/issues"),
    ("POST", "/issues/{issue_number}/comments"),
    ("GET", "/actions/runs"),
    ("GET", "/actions/workflows/{workflow_id}/runs"),
    ("POST", "/actions/workflows/{workflow_id}/dispatches"),
    ("GET", "/actions/runs/{run_id}/jobs"),
    ("GET", "/actions/runs/{run_id}/logs"),
    ("GET", "/actions/runs/{run_id}/attempts/{attempt_number}/jobs"),
    ("GET", "/actions/runs/{run_id}/attempts/{attempt_number}/logs"),
    ("POST", "/actions/runs/{run_id}/rerun"),
    ("POST", "/actions/runs/{run_id}/rerun-failed-jobs"),
    ("POST", "/actions/jobs/{job_id}/rerun"),
    ("GET", "/actions/jobs/{job_id}/logs"),
];

/// Where a repository is, in the description.
const REPOSITORY: &str = "/repos/{owner}/{repo}";

/// The number of the pull request that GitHub makes no diff of, and the id of the run whose archive is not there.
pub(crate) const WITHOUT: u64 = 404_406;

/// What GitHub says of a diff that it does not make.
pub(crate) const TOO_LARGE: &str = r#"{"message":"Sorry, the diff exceeded the maximum number of lines (20000)",
    "errors":[{"resource":"PullRequest","field":"diff","code":"too_large"}]}"#;

/// Whether Prism answers with the description's examples, or with whatever its schemas allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    Examples,
    Made,
}

/// What Prism found.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) seen: Seen,
    pub(crate) status: u16,
    /// What is wrong with the request.
    pub(crate) faults: Vec<Value>,
}

/// Prism, with some paths of GitHub's description.
pub(crate) struct Prism {
    /// Host and port.
    pub(crate) address: String,
    description: Value,
    // Before the folder that it reads from.
    process: Process,
    folder: TempDir,
}

impl Prism {
    /// Starts it.
    pub(crate) async fn start(answers: Answers, paths: &[String]) -> Self {
        let modules = path("BULKHEAD_NODE_MODULES");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let cut = folder.path().join("github.json");
        let mut script = program("BULKHEAD_NODE");
        script.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/node/cut_openapi.mjs"));
        script.arg(modules.join("@octokit/openapi/generated/api.github.com.json")).arg(&cut);
        let ended = run(script.args(paths)).await;
        assert!(ended.status.success(), "{}", ended.errors);
        let description = serde_json::from_slice(&std::fs::read(&cut).expect("is written")).expect("is JSON");

        let port = free_port();
        let mut prism = program("BULKHEAD_NODE");
        prism.arg(modules.join("@stoplight/prism-cli/dist/index.js")).args(["mock", "--seed", "bulkhead"]);
        // A request that breaks a rule is an error in any case. An answer is one only where it is made by the rules: some
        // of GitHub's own examples break them.
        if answers == Answers::Made {
            prism.arg("--errors");
        }
        let process = Process::start(prism.args(["--host", "127.0.0.1", "--port", &port.to_string()]).arg(&cut));
        let address = format!("127.0.0.1:{port}");
        eventually("Prism answers", async || Request::new(&address, "GET", "/").try_send().await.ok()).await;
        Self { address, description, process, folder }
    }

    /// Its answer to a request, and what is wrong with that.
    pub(crate) async fn ask(&self, seen: &Seen) -> (Reply, Vec<Value>) {
        let reply = forward(&self.address, seen, Answers::Examples).await;
        let faults = faults(&reply);
        (reply, faults)
    }
}

/// Prism behind a server that remembers what it said, and sends who asks for logs to another server.
pub(crate) struct Described {
    pub(crate) api: Server,
    description: Value,
    checked: Arc<Mutex<Vec<Checked>>>,
    // Before the folder that it reads from.
    _prism: Process,
    _folder: TempDir,
}

impl Described {
    /// Starts Prism. Logs are at `storage`.
    pub(crate) async fn start(answers: Answers, storage: &str) -> Self {
        let paths = REQUESTS.map(|(_, path)| format!("{REPOSITORY}{path}"));
        let Prism { address: prism_address, description, process: prism, folder } = Prism::start(answers, &paths).await;
        let checked = Arc::<Mutex<Vec<Checked>>>::default();
        let (log, storage) = (Arc::clone(&checked), storage.to_owned());
        let api = Server::start(move |seen| {
            let (log, storage, prism) = (Arc::clone(&log), storage.clone(), prism_address.clone());
            async move {
                let reply = forward(&prism, &seen, answers).await;
                // Prism checks this request as well, but has no reason to refuse it.
                let is_too_large = seen.path.ends_with(&format!("/pulls/{WITHOUT}"));
                let given =
                    if is_too_large { answer(406, &[], TOO_LARGE) } else { given(&reply, &storage, &seen.path) };
                let one = Checked { seen, status: reply.status, faults: faults(&reply) };
                log.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                given
            }
        });
        Self { api: api.await, description, checked, _prism: prism, _folder: folder }
    }

    /// What Prism found since this was asked last.
    pub(crate) fn take(&self) -> Vec<Checked> {
        std::mem::take(&mut *self.checked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The names of parameters and of the body's fields that the description does not know, which Prism lets pass.
    pub(crate) fn unknown_names(&self, seen: &Seen) -> Vec<String> {
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        let operation = &self.operation(path)[seen.method.to_lowercase()];
        let declared: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| self.resolved(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let sent = query.split('&').filter_map(|pair| pair.split('=').next()).filter(|name| !name.is_empty());
        let unknown = sent.filter(|name| !declared.contains(name)).map(ToOwned::to_owned);
        let schema = self.resolved(&operation["requestBody"]["content"]["application/json"]["schema"]);
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let fields = body.as_object().into_iter().flat_map(|body| body.keys());
        unknown.chain(fields.filter(|field| schema["properties"].get(field).is_none()).cloned()).collect()
    }

    /// Which of [`REQUESTS`] it is.
    pub(crate) fn request(&self, seen: &Seen) -> Option<(&'static str, &'static str)> {
        let path = seen.path.split('?').next().unwrap_or_default();
        let (template, _) = self.described(path)?;
        let below = template.strip_prefix(REPOSITORY)?;
        REQUESTS.into_iter().find(|(method, path)| *method == seen.method && *path == below)
    }

    fn operation(&self, path: &str) -> &Value {
        self.described(path).map_or(&Value::Null, |(_, operations)| operations)
    }

    /// The template of a path, and what can be done there.
    fn described(&self, path: &str) -> Option<(&str, &Value)> {
        let parts: Vec<_> = path.split('/').collect();
        let alike = |template: &str| {
            let template: Vec<_> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(form, part)| form.starts_with('{') || form == part)
        };
        let paths = self.description["paths"].as_object().expect("a description has paths");
        paths.iter().find(|(template, _)| alike(template)).map(|(template, operations)| (template.as_str(), operations))
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.description.pointer(pointer).expect("references lead somewhere"),
            None => value,
        }
    }
}

async fn forward(prism: &str, seen: &Seen, answers: Answers) -> Reply {
    let own = ["host", "connection", "content-length", "transfer-encoding"];
    let headers = seen.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let request = headers.fold(Request::new(prism, &seen.method, &seen.path), |request, (name, value)| {
        request.header(name.as_str(), value.to_str().expect("headers are text"))
    });
    let request = if answers == Answers::Made { request.header("prefer", "dynamic=true") } else { request };
    request.body(seen.body.clone()).send().await
}

/// What Prism says is wrong with a request: in a header, or where the description has no answer for such a request in a
/// problem document. That some of GitHub's own examples lack what its schemas require, it says too.
fn faults(reply: &Reply) -> Vec<Value> {
    let header: Value = serde_json::from_str(reply.header("sl-violations")).unwrap_or_default();
    let body: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
    let all = [&header, &body["validation"]].into_iter().filter_map(Value::as_array).flatten();
    all.filter(|fault| fault["location"][0] != "response").cloned().collect()
}

/// Prism's answer, with the place of logs moved to where the test has them.
fn given(reply: &Reply, storage: &str, asked: &str) -> Answer {
    let location = format!("http://{storage}{asked}?sig=s3cr3t");
    let mut headers = vec![("content-type", reply.header("content-type"))];
    if !reply.header("location").is_empty() {
        headers.push(("location", &location));
    }
    answer(reply.status, &headers, reply.text())
}
