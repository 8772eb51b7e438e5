//! How a host is started.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{Database, Ended, Host, compiled, path, run};

/// What hosts log: everything, so that it can be looked through for secrets, but what compiles.
const LOG: &str = "trace,log=debug,cranelift_codegen=info,cranelift_frontend=info,regalloc2=info,wasmtime=info,\
                   wasmtime_internal_cranelift=info,wasmtime_internal_fiber=info,wasmtime_internal_jit_debug=info";

/// How a host is started. Without any further word: `bulkhead up` on the database that this run of the tests is about,
/// with the connectors that are shipped.
#[derive(Debug)]
#[must_use]
pub struct Setup {
    command: &'static str,
    folder: TempDir,
    database: Database,
    listen: String,
    manifest: PathBuf,
    arguments: Vec<String>,
    log: Option<&'static str>,
}

impl Setup {
    /// `bulkhead up`.
    pub async fn up() -> Self {
        Self::on(Database::of_this_run().await).await
    }

    /// `bulkhead up` on this database.
    ///
    /// # Panics
    /// When no folder can be made for it.
    pub async fn on(database: Database) -> Self {
        let compiled = compiled::folder().await;
        let setup = Self::cold(database);
        symlink(compiled, setup.data_dir().join("cache")).expect("a link can be made");
        setup
    }

    /// `bulkhead up` as it is for the very first time: nothing is compiled yet.
    ///
    /// # Panics
    /// When no folder can be made for it.
    pub fn cold(database: Database) -> Self {
        let folder = tempfile::Builder::new().prefix("bulkhead-scenario-").tempdir().expect("a folder can be made");
        let setup = Self {
            command: "up",
            folder,
            database,
            listen: "127.0.0.1:0".to_owned(),
            manifest: path("BULKHEAD_MANIFEST"),
            arguments: Vec::new(),
            log: Some(LOG),
        };
        fs::create_dir_all(setup.data_dir()).expect("a folder can be made");
        fs::create_dir_all(setup.connectors()).expect("a folder can be made");
        fs::write(setup.folder().join("bulkhead.toml"), "").expect("a file can be written");
        for connector in path("BULKHEAD_CONNECTORS_DIR").read_dir().expect("the connectors are built").flatten() {
            symlink(connector.path(), setup.connectors().join(connector.file_name())).expect("a link can be made");
        }
        setup
    }

    /// Another process beside a host on PostgreSQL: with its database, its keys and its folder of connectors.
    ///
    /// # Panics
    /// When the host is on another database, or its files can't be copied.
    pub async fn beside(host: &Host) -> Self {
        let setup = Self::on(Database::Sqlite).await;
        for file in ["owner.json", "vault.keys"] {
            fs::copy(host.data_dir().join(file), setup.data_dir().join(file)).expect("a file can be copied");
        }
        fs::remove_dir_all(setup.connectors()).expect("a folder can be removed");
        symlink(host.setup().connectors(), setup.connectors()).expect("a link can be made");
        let url = host.setup().database().url().expect("the host is on PostgreSQL").to_owned();
        setup.arguments(&["--database-url", &url])
    }

    /// Another command than `up`.
    pub fn command(self, command: &'static str) -> Self {
        Self { command, ..self }
    }

    /// With the guest `connector-hostile`, which misbehaves in every way, as the connector `hostile`.
    ///
    /// # Panics
    /// When it can't be linked.
    pub fn with_hostile(self) -> Self {
        self.with_guest_as("connector-hostile", "hostile")
    }

    /// With the connector that the conformance suite of MCP expects.
    ///
    /// # Panics
    /// When it can't be linked to.
    pub fn with_conformance(self) -> Self {
        self.with_guest_as("connector-conformance", "test")
    }

    fn with_guest_as(self, folder: &str, slug: &str) -> Self {
        let guest = path("BULKHEAD_GUESTS_DIR").join(folder);
        symlink(guest, self.connectors().join(slug)).expect("a link can be made");
        self
    }

    /// With this guest as the connector of its name.
    ///
    /// # Panics
    /// When it can't be linked.
    pub fn with_guest(self, name: &str) -> Self {
        self.with_guest_as(name, name)
    }

    /// The same with the doc comments of its WIT in its component, as `bulkhead connector build` puts them there.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn with_documented_guest(self, name: &str) -> Self {
        let guest = path("BULKHEAD_GUESTS_DIR").join(name);
        let folder = self.connectors().join(name);
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::copy(guest.join("connector.toml"), folder.join("connector.toml")).expect("a file can be copied");
        fs::copy(guest.join("component.wasm"), folder.join("component.wasm")).expect("the guests are built");
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests").join(name).join("wit");
        symlink(wit, folder.join("wit")).expect("a link can be made");
        let built = self.other_command(&["connector", "build"]).arg(&folder).output();
        let built = built.expect("the program can be started");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        self
    }

    /// With this configuration file.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn config(self, text: &str) -> Self {
        fs::write(self.folder().join("bulkhead.toml"), text).expect("a file can be written");
        self
    }

    /// With this manifest of functions.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn manifest(mut self, text: &str) -> Self {
        self.manifest = self.folder().join("spin.toml");
        fs::write(&self.manifest, text).expect("a file can be written");
        self
    }

    /// At this address, instead of any free port.
    pub fn listen(self, address: &str) -> Self {
        Self { listen: address.to_owned(), ..self }
    }

    /// With further arguments.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Without a word on what to log.
    pub fn with_default_log(self) -> Self {
        Self { log: None, ..self }
    }

    /// The test's own folder. It is removed with this value.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The folder of connectors.
    #[must_use]
    pub fn connectors(&self) -> PathBuf {
        self.folder().join("connectors")
    }

    /// The command line.
    #[must_use]
    pub fn command_line(&self) -> Command {
        let mut command = self.line(self.command);
        command.args(&self.arguments);
        command
    }

    /// The command line of another command with its arguments, in the same folder and on the same database.
    #[must_use]
    pub fn other_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.line(arguments[0]);
        command.args(&arguments[1..]);
        command
    }

    fn line(&self, name: &str) -> Command {
        let mut command = Command::new(path("BULKHEAD_BIN"));
        // Only what is named here: a scenario must not depend on who runs it, and the host must not see the tests' own
        // variables.
        command.env_clear().current_dir(self.folder()).envs(self.log.map(|log| ("BULKHEAD_LOG", log)));
        command.arg(name).args(["--listen", &self.listen]);
        command.arg("--config").arg(self.folder().join("bulkhead.toml"));
        command.arg("--data-dir").arg(self.data_dir());
        command.arg("--connectors").arg(self.connectors());
        command.arg("--manifest").arg(&self.manifest);
        if let Some(url) = self.database.url() {
            command.env("BULKHEAD_DATABASE_URL", url);
        }
        command
    }

    /// Starts it and waits until it is ready.
    pub async fn start(self) -> Host {
        Host::start(self).await
    }

    /// Starts what must not start, and gives what it said.
    ///
    /// # Panics
    /// When it did not refuse to start.
    pub async fn refusal(&self) -> String {
        let Ended { status, errors, .. } = run(&mut self.command_line()).await;
        assert_eq!(status.code(), Some(1), "{errors}");
        assert!(!errors.contains("ready at"), "{errors}");
        errors
    }
}
