//! An authorization server that runs.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bulkhead_system_tests::{Process, Request, eventually, leaks, program};

/// npm oidc-provider. It ends with this value.
pub(crate) struct Provider {
    process: Process,
    url: String,
    algorithm: &'static str,
}

impl Provider {
    /// Starts it with keys of its own; access tokens are signed with this algorithm.
    pub(super) async fn start(algorithm: &'static str) -> Self {
        let (process, url) = launch("0", algorithm, None).await;
        Self { process, url, algorithm }
    }

    /// Starts it with the client `bulkhead`, which it leads back to this address.
    pub(crate) async fn for_connections(redirect_uri: &str) -> Self {
        let (process, url) = launch("0", "EdDSA", Some(redirect_uri)).await;
        Self { process, url, algorithm: "EdDSA" }
    }

    /// Starts it again at the same address: nothing that it has granted is known to it any more.
    pub(crate) async fn restart_for(&mut self, redirect_uri: &str) {
        self.note_issued();
        self.process.kill();
        let (_, port) = self.url.rsplit_once(':').expect("the URL has a port");
        (self.process, self.url) = launch(port, self.algorithm, Some(redirect_uri)).await;
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        self.process.said()
    }

    /// Starts it again at the same address, with other keys.
    pub(super) async fn restart(&mut self) {
        self.note_issued();
        self.process.kill();
        let (_, port) = self.url.rsplit_once(':').expect("the URL has a port");
        (self.process, self.url) = launch(port, self.algorithm, None).await;
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    fn note_issued(&self) {
        self.said().lines().filter_map(|line| line.strip_prefix("issued ")).for_each(leaks::note);
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An access token by the client credentials flow.
    pub(super) async fn token(&self, client: &str, scope: &str, resource: &str) -> String {
        let address = self.url.trim_start_matches("http://");
        let basic = format!("Basic {}", STANDARD.encode(format!("{client}:secret")));
        let form = format!("grant_type=client_credentials&scope={}&resource={resource}", scope.replace(' ', "+"));
        let request = Request::new(address, "POST", "/token").header("authorization", &basic);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.into());
        let answer = request.send().await.expect(200);
        answer["access_token"].as_str().expect("an access token").to_owned()
    }
}

impl Drop for Provider {
    /// What it issued is looked for in what a host leaves behind that goes after it.
    fn drop(&mut self) {
        self.note_issued();
    }
}

async fn launch(port: &str, algorithm: &str, redirect_uri: Option<&str>) -> (Process, String) {
    let mut command = program("BULKHEAD_NODE");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/node/oidc_provider.mjs"));
    let mut process = Process::start(command.args([port, algorithm]).args(redirect_uri));
    let url = eventually("the provider is ready", async || {
        if let Some(status) = process.ended() {
            panic!("the provider did not start: {status}\n{}", process.said());
        }
        let said = process.said();
        let (_, line) = said.split_once("ready at ")?;
        line.split_once('\n').map(|(url, _)| url.to_owned())
    });
    let url = url.await;
    (process, url)
}
