//! Which connectors are installed, from the start of the host to its end.
//!
//! `standing` compares what a version asks for with what its operator approved, `origin` is the artifact that it was
//! pulled as, `fingerprint` tells whether a folder has changed, `watch` takes up changes while the host serves. A version
//! that can't be used, or waits for its approval, never takes down the one before it.

mod fingerprint;
mod origin;
mod standing;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use bulkhead_audit::Actor;
use bulkhead_connectors::Approver;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports};

use crate::sandbox::{InstallError, Installed, InstalledConnector, Installer, LiveConnectors, Package, WaitingVersion};
use fingerprint::Fingerprint;

pub use origin::{ORIGIN, Origin};
pub use standing::{Standing, record, standing};

/// Why the connectors can't be installed, or one can't be replaced.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// One of them can't be used.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Approvals or the catalogue can't be read or written.
    #[error("the connectors' approvals can't be read or written: {0}")]
    Sql(#[from] SqlError),
    /// Somebody else changes the same approval all the time.
    #[error("the approval of {0} was changed by somebody else at the same moment; try again")]
    Overtaken(String),
    /// The task that loaded it broke.
    #[error("loading was interrupted")]
    Interrupted,
}

/// What is known of a connector's folder, by its name.
struct Known {
    /// As it was when it was looked into.
    seen: Fingerprint,
    state: State,
}

enum State {
    /// Its version is installed.
    Active,
    /// This version asks for more than what is approved.
    Waiting(String),
    /// Its version can't be used.
    Broken,
    /// The same, but something has changed elsewhere that may have been the reason.
    Retry,
}

/// Installs connectors and keeps them up to date with their folder.
pub struct Lifecycle {
    installer: Arc<Installer>,
    ports: Ports,
    actor: Actor,
    live: LiveConnectors,
    known: BTreeMap<String, Known>,
    /// Folders that have changed since they were looked into, as they were at the last look.
    unsettled: BTreeMap<String, Option<Fingerprint>>,
    /// Whether the database's catalogue is to be written.
    catalogue_is_behind: bool,
}

impl Lifecycle {
    /// Installs every connector of the folder. One that can't be used stops the start: better no host than one that
    /// silently lacks a tool. One that waits for an approval is left out. `actor` is who runs the host: a connector that
    /// is found for the first time was put there by its operator.
    ///
    /// # Errors
    /// [`LifecycleError`], naming the file or connector.
    pub async fn start(installer: Installer, ports: Ports, actor: Actor) -> Result<Self, LifecycleError> {
        let live = LiveConnectors::new(Installed::default());
        let mut lifecycle = Self {
            installer: Arc::new(installer),
            ports,
            actor,
            live,
            known: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            catalogue_is_behind: true,
        };
        let mut installed = Installed::default();
        for path in lifecycle.installer.folders()? {
            let seen = Fingerprint::of(&path);
            let package = lifecycle.installer.read(&path)?;
            let (slug, version) = (package.manifest.slug.to_string(), package.manifest.version.clone());
            let (taken, state) = match lifecycle.take(package).await? {
                Some(connector) => (installed.with(connector)?, State::Active),
                None => (installed, State::Waiting(version)),
            };
            installed = taken;
            if let Some(seen) = seen {
                lifecycle.known.insert(slug, Known { seen, state });
            }
        }
        let slugs: BTreeSet<String> = lifecycle.known.keys().cloned().collect();
        lifecycle.installer.check_configured(&slugs)?;
        lifecycle.live.replace(installed);
        lifecycle.tell_waiting();
        lifecycle.write_catalogue().await?;
        Ok(lifecycle)
    }

    /// The set that it keeps up to date.
    #[must_use]
    pub fn connectors(&self) -> &LiveConnectors {
        &self.live
    }

    /// Loads a version and records that it is taken; nothing when it waits for an approval, which is said and recorded.
    async fn take(&self, package: Package) -> Result<Option<InstalledConnector>, LifecycleError> {
        let standing = standing(&self.ports, &package).await?;
        if let Standing::AsksForMore { beyond, .. } = &standing {
            let slug = &package.manifest.slug;
            let beyond = beyond.join("; ");
            tracing::warn!(connector = %slug, version = package.manifest.version, beyond,
                "this version asks for more than what was approved and is not used; see `bulkhead connector approve {slug}`");
            bulkhead_connectors::record_refused_upgrade(&self.ports, &self.approver().await?, slug).await?;
            return Ok(None);
        }
        let connector = self.load(package.clone()).await?;
        record(&self.ports, &self.approver().await?, &package, standing).await?;
        Ok(Some(connector))
    }

    /// Tells which versions wait.
    fn tell_waiting(&self) {
        let waiting = self.known.iter().filter_map(|(slug, known)| match &known.state {
            State::Waiting(version) => Some(WaitingVersion { slug: slug.clone(), version: version.clone() }),
            _ => None,
        });
        self.live.replace_waiting(waiting.collect());
    }

    /// Compiling takes seconds, in which nobody else should have to wait.
    async fn load(&self, package: Package) -> Result<InstalledConnector, LifecycleError> {
        let installer = self.installer.clone();
        let runtime = tokio::runtime::Handle::current();
        let loading = tokio::task::spawn_blocking(move || runtime.block_on(installer.load(package)));
        Ok(loading.await.map_err(|_| LifecycleError::Interrupted)??)
    }

    async fn approver(&self) -> Result<Approver, SqlError> {
        approver(&self.ports, self.actor.clone()).await
    }

    /// Puts what is installed into the database's catalogue.
    async fn write_catalogue(&mut self) -> Result<(), SqlError> {
        let installed = self.live.current();
        let slugs: Vec<_> = installed.iter().map(|found| found.connector.entry().slug.clone()).collect();
        for found in installed.iter() {
            bulkhead_connectors::register(&self.ports, found.connector.entry()).await?;
        }
        bulkhead_connectors::retain(&self.ports, &slugs).await?;
        self.catalogue_is_behind = false;
        Ok(())
    }
}

/// An approver whose acts stand in every organisation's audit trail.
///
/// # Errors
/// [`SqlError`] when the organisations can't be read.
pub async fn approver(ports: &Ports, actor: Actor) -> Result<Approver, SqlError> {
    let organizations = bulkhead_identity::organization_ids(ports).await?;
    Ok(Approver { actor, organizations, correlation: CorrelationId::accept(None, ports.entropy.as_ref()) })
}

/// A folder's name, which is its connector's slug.
fn name(path: &Path) -> Option<String> {
    path.file_name().and_then(|name| name.to_str()).map(str::to_owned)
}
