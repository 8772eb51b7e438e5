//! The runtime as its embedder sees it, serving the component in `tests/guests/function-probe`.

mod databases;
mod limits;
mod outbound;
mod postgres;
mod refusals;
mod requests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::response::IntoResponse as _;
use bulkhead_http_api::{Kind, Problem};
use bulkhead_kernel::Secret;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tempfile::TempDir;

use super::{EdgeConfig, EdgeError, EdgeLimits, EdgeRuntime, LiveVariable};
use crate::config::EdgeSettings;

const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4711);

/// The manifest of most tests. `{{` and `}}` are Spin's, so the path is put in by replacing.
const MANIFEST: &str = r#"
spin_manifest_version = 2
[application]
name = "probe"
[variables]
greeting = { default = "hello" }
secret = { required = true, secret = true }
postgres = { default = "postgres://localhost/none?sslmode=disable" }
allowed = { default = "" }
[[trigger.http]]
route = "/probe/..."
component = "probe"
[[trigger.http]]
route = "/user/:id/..."
component = "probe"
[component.probe]
source = "PROBE"
environment = { COLOUR = "blue" }
allowed_outbound_hosts = ["{{ allowed }}"]
sqlite_databases = ["default"]
key_value_stores = ["default"]
[component.probe.variables]
greeting = "{{ greeting }}, world"
secret = "{{ secret }}"
postgres = "{{ postgres }}"
"#;

/// A runtime and the folder it lives in.
struct App {
    runtime: EdgeRuntime,
    folder: TempDir,
}

/// What a request got.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    problem: Option<Problem>,
}

/// Where `cargo xtask build` puts the components that tests use.
#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
fn guest(name: &str) -> PathBuf {
    let folder = std::env::var_os("BULKHEAD_GUESTS_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/guests"));
    let path = folder.join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing: run `cargo xtask build`", path.display());
    path.canonicalize().expect("a path")
}

/// Compiled components are shared by all tests of a run, and by the next run.
fn cache_dir() -> PathBuf {
    std::env::current_exe().expect("a path").with_file_name("edge-compile-cache")
}

fn config(folder: &Path) -> EdgeConfig {
    let manifest = folder.join("spin.toml");
    let probe = guest("function-probe");
    std::fs::write(&manifest, MANIFEST.replace("PROBE", &probe.display().to_string())).expect("written");
    EdgeConfig {
        manifest,
        cache_dir: cache_dir(),
        sqlite_default: folder.join("default.db"),
        key_value_default: folder.join("key_value.db"),
        variables: [("secret".to_owned(), Secret::new("hunter2".to_owned()))].into(),
        live: BTreeMap::new(),
        limits: EdgeLimits { concurrent_requests: 8, ..EdgeSettings::default().limits() },
    }
}

impl App {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut EdgeConfig)) -> Self {
        Self::try_with(change).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_with(change: impl FnOnce(&mut EdgeConfig)) -> Result<Self, EdgeError> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path());
        change(&mut config);
        Ok(Self { runtime: EdgeRuntime::start(config)?, folder })
    }

    fn with_variable(name: &str, value: &str) -> Self {
        Self::with(|config| _ = config.variables.insert(name.to_owned(), Secret::new(value.to_owned())))
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(request(path).body(Body::empty()).expect("a request")).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.runtime.handle(request, CLIENT).await;
        let problem = answer.as_ref().err().cloned();
        let (parts, body) = answer.into_response().into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text, problem }
    }
}

fn request(path: &str) -> http::request::Builder {
    Request::get(path).header("host", "edge.test:3000").header("x-correlation-id", "test-1")
}

impl Answer {
    /// The text of an answer that must be 200.
    fn ok(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.text
    }

    /// Checks that no function gave this answer, but the runtime, with this problem.
    #[track_caller]
    fn is_problem(&self, kind: Kind) {
        assert_eq!(self.problem.as_ref().map(Problem::kind), Some(kind), "{} {}", self.status, self.text);
    }
}
