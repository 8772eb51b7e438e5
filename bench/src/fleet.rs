//! The servers of a run, each a process of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;

use crate::options::{Options, ServerKind};
use crate::postgres::OwnDatabase;
use crate::process::{Server, free_address};
use crate::subject::Subject;
use crate::workload::Workload;

/// What runs and is asked. The servers end before the database that one of them uses.
pub(crate) struct Fleet {
    targets: BTreeMap<Subject, Target>,
    _postgres: Option<OwnDatabase>,
}

/// A server, and what it is asked.
pub(crate) struct Target {
    pub(crate) server: Arc<Server>,
    pub(crate) workload: Arc<Workload>,
}

struct Start<'a> {
    options: &'a Options,
    folder: &'a Path,
    /// With the connector that echoes.
    connectors: &'a Path,
    cache: &'a Path,
}

impl Fleet {
    /// Starts what these subjects need and waits until all of it is ready.
    ///
    /// # Errors
    /// When a server does not start; the error ends with its log.
    pub(crate) fn start(
        subjects: &[Subject],
        options: &Options,
        folder: &Path,
        (connectors, cache): (&Path, &Path),
    ) -> anyhow::Result<Self> {
        let start = Start { options, folder, connectors, cache };
        let wanted = |some: &[Subject]| some.iter().any(|subject| subjects.contains(subject));
        let postgres = match &options.postgres_url {
            Some(url) if wanted(&[Subject::Postgres]) => Some(OwnDatabase::create(url)?),
            _ => None,
        };
        let mut targets = BTreeMap::new();
        let mut add = |subject: Subject, server: &Arc<Server>, key: Option<&str>| -> anyhow::Result<()> {
            let workload = Arc::new(Workload::new(subject.asks(), server.address, key)?);
            targets.insert(subject, Target { server: server.clone(), workload });
            Ok(())
        };
        if wanted(&[Subject::Sqlite, Subject::Edge, Subject::NativeRoute]) {
            let data_dir = folder.join("sqlite");
            let product = start.product(&data_dir, None)?;
            let key = owner_key(&data_dir)?;
            add(Subject::Sqlite, &product, Some(&key))?;
            add(Subject::Edge, &product, Some(&key))?;
            add(Subject::NativeRoute, &start.own(ServerKind::NativeRoute)?, Some(&key))?;
        }
        if let Some(database) = &postgres {
            let data_dir = folder.join("postgres");
            let product = start.product(&data_dir, Some(&database.url))?;
            add(Subject::Postgres, &product, Some(&owner_key(&data_dir)?))?;
        }
        if wanted(&[Subject::Native]) {
            add(Subject::Native, &start.own(ServerKind::NativeTool)?, None)?;
        }
        if wanted(&[Subject::ManualEcho, Subject::ManualJq]) {
            let server = start.own(ServerKind::Manual)?;
            add(Subject::ManualEcho, &server, None)?;
            add(Subject::ManualJq, &server, None)?;
        }
        if wanted(&[Subject::NativeEcho]) {
            add(Subject::NativeEcho, &start.own(ServerKind::NativeEcho)?, None)?;
        }
        if wanted(&[Subject::SandboxEcho, Subject::Sandbox]) {
            let server = start.own(ServerKind::SandboxedTool)?;
            add(Subject::SandboxEcho, &server, None)?;
            add(Subject::Sandbox, &server, None)?;
        }
        Ok(Self { targets, _postgres: postgres })
    }

    /// The server of a subject.
    ///
    /// # Errors
    /// When it was not started.
    pub(crate) fn target(&self, subject: Subject) -> anyhow::Result<&Target> {
        self.targets.get(&subject).with_context(|| format!("{} was not started", subject.title()))
    }
}

impl Start<'_> {
    /// `bulkhead up` as its users start it, with everything at its default.
    fn product(&self, data_dir: &Path, database_url: Option<&str>) -> anyhow::Result<Arc<Server>> {
        let address = free_address()?;
        let mut command = Command::new(&self.options.bulkhead);
        command
            .arg("up")
            .args(["--listen", &address.to_string()])
            .args([Path::new("--data-dir"), data_dir])
            .args([Path::new("--manifest"), &self.options.manifest])
            .args([Path::new("--connectors"), &self.options.connectors])
            // Not as an argument, which every user of the machine can read.
            .envs(database_url.map(|url| ("BULKHEAD_DATABASE_URL", url)));
        self.ready(&mut command, address, &data_dir.with_extension("log"))
    }

    fn own(&self, kind: ServerKind) -> anyhow::Result<Arc<Server>> {
        let address = free_address()?;
        let name = clap::ValueEnum::to_possible_value(&kind).context("every kind of server has a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["server", name.get_name()])
            .args(["--listen", &address.to_string()])
            .args([Path::new("--connectors"), self.connectors])
            .args([Path::new("--cache"), self.cache])
            .args([PathBuf::from("--database"), self.folder.join("sqlite/bulkhead.db")]);
        self.ready(&mut command, address, &self.folder.join(format!("{}.log", name.get_name())))
    }

    fn ready(&self, command: &mut Command, address: std::net::SocketAddr, log: &Path) -> anyhow::Result<Arc<Server>> {
        let mut server = Server::start(command, address, log)?;
        server.wait_until_ready()?;
        Ok(Arc::new(server))
    }
}

/// The key of the owner that the product made at its start.
pub(crate) fn owner_key(data_dir: &Path) -> anyhow::Result<String> {
    let path = data_dir.join("owner.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let owner: serde_json::Value = serde_json::from_str(&text)?;
    let key = owner["api_key"].as_str().context("owner.json has no api_key")?;
    Ok(key.to_owned())
}
