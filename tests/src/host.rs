//! A host that runs.

use std::path::PathBuf;
use std::process::ExitStatus;

use serde_json::{Value, json};

use crate::leaks;
use crate::wait::eventually;
use crate::{Process, Reply, Request, Setup};

/// A host that is ready. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Host {
    // Before the setup: the program ends before its folder and its database are removed.
    process: Process,
    setup: Setup,
    address: String,
    key: String,
}

impl Host {
    pub(crate) async fn start(setup: Setup) -> Self {
        let (process, address) = launch(&setup).await;
        let mut host = Self { process, setup, address, key: String::new() };
        host.key = host.owner()["api_key"].as_str().expect("owner.json has a key").to_owned();
        leaks::note(&host.key);
        host
    }

    /// Starts it again, in the same folder and on the same database, after it has ended.
    pub async fn start_again(&mut self) {
        (self.process, self.address) = launch(&self.setup).await;
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Sends a signal such as `INT`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> ExitStatus {
        self.process.wait().await
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.said()
    }

    /// Its process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The owner's API key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// `owner.json`.
    ///
    /// # Panics
    /// When it is missing or not JSON.
    #[must_use]
    pub fn owner(&self) -> Value {
        let text = std::fs::read_to_string(self.data_dir().join("owner.json")).expect("the host has made its owner");
        serde_json::from_str(&text).expect("owner.json is JSON")
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.setup.data_dir()
    }

    /// How it was started.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Runs a statement on its database behind its back.
    pub async fn execute(&self, sql: &str) {
        self.setup.database().execute(&self.data_dir(), sql).await;
    }

    /// A request without a key.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(&self.address, method, path)
    }

    /// Reads something with the owner's key.
    ///
    /// # Panics
    /// When the answer is not 200.
    pub async fn get(&self, path: &str) -> Value {
        self.request("GET", path).key(&self.key).send().await.expect(200)
    }

    /// A request that makes a job.
    pub fn new_job(&self, connector: &str, tool: &str, arguments: &Value) -> Request {
        let path = format!("/v1/connectors/{connector}/tools/{tool}/jobs");
        self.request("POST", &path).key(&self.key).json(&json!({ "arguments": arguments }))
    }

    /// Makes a job, does not wait for it, and gives its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn submit(&self, connector: &str, tool: &str, arguments: Value) -> String {
        id(&self.new_job(connector, tool, &arguments).send().await)
    }

    /// Makes a job, waits for its end, and gives it.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn job(&self, connector: &str, tool: &str, arguments: Value) -> Value {
        let reply = self.new_job(connector, tool, &arguments).header("prefer", "wait=30").send().await;
        self.ended(&id(&reply)).await
    }

    /// Asks for a job to be called off.
    pub async fn cancel(&self, id: &str) -> Reply {
        self.request("POST", &format!("/v1/jobs/{id}/cancel")).key(&self.key).send().await
    }

    /// Waits until a job has one of these states.
    pub async fn job_that_is(&self, id: &str, states: &[&str]) -> Value {
        eventually(&format!("job {id} is {}", states.join(" or ")), async || {
            let job = self.get(&format!("/v1/jobs/{id}")).await;
            job["status"].as_str().is_some_and(|status| states.contains(&status)).then_some(job)
        })
        .await
    }

    /// Waits for the end of a job.
    pub async fn ended(&self, id: &str) -> Value {
        self.job_that_is(id, &["succeeded", "failed", "canceled"]).await
    }

    /// A job's events.
    pub async fn events(&self, job: &str) -> Vec<Value> {
        self.items(&format!("/v1/jobs/{job}/events?limit=200")).await
    }

    /// The audit entries that this query selects, such as `job=<id>`.
    pub async fn audit(&self, query: &str) -> Vec<Value> {
        self.items(&format!("/v1/audit/events?limit=200&{query}")).await
    }

    /// The items of a collection that fits on one page.
    ///
    /// # Panics
    /// When it does not.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        let page = self.get(path).await;
        assert_eq!(page["next"], Value::Null, "{path} has more than one page");
        page["items"].as_array().expect("a collection has items").clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.process.kill();
            leaks::check(self);
        }
    }
}

fn id(reply: &Reply) -> String {
    assert!([200, 202].contains(&reply.status), "{} {}", reply.status, reply.text());
    reply.json()["id"].as_str().expect("a job has an id").to_owned()
}

/// Starts the program and waits for the line that says where it is.
async fn launch(setup: &Setup) -> (Process, String) {
    let mut process = Process::start(&mut setup.command_line());
    let address = eventually("the host is ready", async || {
        if let Some(status) = process.ended() {
            panic!("the host did not start: {status}");
        }
        let said = process.said();
        // The line is whole once its end is there.
        let (_, line) = said.split_once("ready at http://")?;
        line.split_once('\n').map(|(address, _)| address.to_owned())
    });
    let address = address.await;
    (process, address)
}
