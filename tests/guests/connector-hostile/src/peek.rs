//! Tools that look for what a compartment must not see.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use bulkhead_connector_kit::http::Request;
use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Nothing;

/// Whom to call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallForbiddenHostInput {
    /// Any URL.
    url: String,
}

/// What came back, though nothing should have.
#[derive(Serialize, JsonSchema)]
pub struct Answered {
    /// The answer's status.
    status: u16,
    /// Its body.
    body: String,
}

/// Calls a host that it was not granted.
pub struct CallForbiddenHost;

impl Tool for CallForbiddenHost {
    const NAME: &'static str = "call_forbidden_host";
    const TITLE: &'static str = "Call a forbidden host";
    const DESCRIPTION: &'static str = "Sends a GET request to any URL. The sandbox has to refuse it.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = CallForbiddenHostInput;
    type Output = Answered;

    fn call(input: CallForbiddenHostInput) -> Result<Answered, ToolError> {
        let response = Request::get(input.url).send()?;
        Ok(Answered { status: response.status(), body: response.text() })
    }
}

/// What could be seen.
#[derive(Serialize, JsonSchema)]
pub struct Seen {
    /// The environment's variables.
    variables: BTreeMap<String, String>,
    /// The command line's arguments.
    arguments: Vec<String>,
    /// What listing or reading a path gave, for each path that gave anything.
    files: BTreeMap<String, String>,
    /// What resolving a name or connecting to an address gave, for each that gave anything.
    network: BTreeMap<String, String>,
}

/// Reads everything that is not its business.
pub struct ReadEnvironment;

impl Tool for ReadEnvironment {
    const NAME: &'static str = "read_environment";
    const TITLE: &'static str = "Read the environment";
    const DESCRIPTION: &'static str = "Reads the environment, the command line, files, and opens sockets. Every part \
        of the result has to be empty.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Seen;

    #[expect(clippy::disallowed_methods, reason = "it looks for what it should not find")]
    fn call(_: Nothing) -> Result<Seen, ToolError> {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Ok(Seen {
            variables: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            arguments: std::env::args_os().map(text).collect(),
            files: files(),
            network: network(),
        })
    }
}

fn files() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in ["/", ".", "..", "/etc", "/proc/self/environ", "/etc/passwd", "connector.toml"] {
        if let Ok(entries) = std::fs::read_dir(path) {
            let names: Vec<_> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            found.insert(path.to_owned(), names.join(" "));
        }
        if let Ok(bytes) = std::fs::read(path) {
            found.insert(path.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    // Where nothing can be written, nothing is left behind for the next call either.
    for path in ["/bulkhead-was-here", "bulkhead-was-here", "/tmp/bulkhead-was-here"] {
        if std::fs::write(path, "x").is_ok() {
            found.insert(path.to_owned(), "written".to_owned());
        }
    }
    found
}

fn network() -> BTreeMap<String, String> {
    use std::net::{TcpStream, ToSocketAddrs, UdpSocket};

    let mut found = BTreeMap::new();
    if let Ok(addresses) = "localhost:80".to_socket_addrs() {
        found.insert("localhost".to_owned(), format!("{:?}", addresses.collect::<Vec<_>>()));
    }
    for address in ["127.0.0.1:22", "169.254.169.254:80"] {
        let connected =
            address.parse().map(|address| TcpStream::connect_timeout(&address, std::time::Duration::from_secs(1)));
        if matches!(connected, Ok(Ok(_))) {
            found.insert(address.to_owned(), "connected".to_owned());
        }
    }
    if UdpSocket::bind("127.0.0.1:0").is_ok() {
        found.insert("udp".to_owned(), "bound".to_owned());
    }
    found
}

/// How often this instance was called.
#[derive(Serialize, JsonSchema)]
pub struct Calls {
    /// 1 in a fresh instance.
    calls: u64,
}

/// Counts its calls in a static.
pub struct Count;

impl Tool for Count {
    const NAME: &'static str = "count";
    const TITLE: &'static str = "Count the calls";
    const DESCRIPTION: &'static str = "Counts its calls in a static. In a fresh instance the answer is always 1.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Calls;

    fn call(_: Nothing) -> Result<Calls, ToolError> {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        Ok(Calls { calls: CALLS.fetch_add(1, Ordering::Relaxed) + 1 })
    }
}
