//! Taking up changes of the connectors' folder while the host serves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::fingerprint::Fingerprint;
use super::{Known, Lifecycle, LifecycleError, Standing, State, name, standing};
use crate::sandbox::Installed;
use crate::worker::{Change, Changes};

/// A connector's folder, as it is found.
struct Found {
    path: PathBuf,
    fingerprint: Fingerprint,
}

impl Lifecycle {
    /// Looks at the folder every `poll` until the host stops, and tells `changes` when the set has become another.
    pub async fn watch(mut self, changes: Changes, poll: Duration, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(poll);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if self.look().await {
                changes.tell(Change::Catalogue);
            }
        }
    }

    /// Looks once; whether the set has become another.
    async fn look(&mut self) -> bool {
        let installer = self.installer.clone();
        let scan = tokio::task::spawn_blocking(move || installer.folders().map(|paths| scan(&paths)));
        let found = match scan.await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the connectors stay as they are");
                return false;
            }
            Err(_) => return false,
        };
        let names: BTreeSet<String> = found.keys().chain(self.known.keys()).cloned().collect();
        let mut changed = false;
        for slug in names {
            let found = found.get(&slug);
            let next = match self.change(&slug, found).await {
                Ok(next) => next,
                Err(error @ (LifecycleError::Sql(_) | LifecycleError::Overtaken(_) | LifecycleError::Interrupted)) => {
                    tracing::warn!(connector = slug, %error, "a change could not be taken up; it is tried again soon");
                    continue;
                }
                Err(error @ LifecycleError::Install(_)) => {
                    tracing::error!(connector = slug, %error, "this version is not used; what was installed stays");
                    self.remember(slug, found, State::Broken);
                    continue;
                }
            };
            if let Some(next) = next {
                self.live.replace(next);
                changed = true;
            }
        }
        self.tell_waiting();
        if changed {
            self.catalogue_is_behind = true;
            // What was in the way of another one may be gone.
            for known in self.known.values_mut().filter(|known| matches!(known.state, State::Broken)) {
                known.state = State::Retry;
            }
        }
        if self.catalogue_is_behind
            && let Err(error) = self.write_catalogue().await
        {
            tracing::error!(%error, "the catalogue in the database is out of date; it is written again soon");
        }
        changed
    }

    /// What the set becomes by what happened to a folder; nothing when nothing did, or not for certain yet.
    async fn change(&mut self, slug: &str, found: Option<&Found>) -> Result<Option<Installed>, LifecycleError> {
        let known = self.known.get(slug);
        let now = found.map(|found| &found.fingerprint);
        if now == known.map(|known| &known.seen) {
            self.unsettled.remove(slug);
            if !known.is_some_and(|known| matches!(known.state, State::Waiting(_) | State::Retry)) {
                return Ok(None);
            }
        } else if self.unsettled.get(slug) != Some(&now.cloned()) {
            // Somebody may still be writing. Two looks that see the same see it whole.
            self.unsettled.insert(slug.to_owned(), now.cloned());
            return Ok(None);
        }
        let Some(found) = found else {
            self.known.remove(slug);
            self.unsettled.remove(slug);
            let current = self.live.current();
            if current.get(slug).is_none() {
                return Ok(None);
            }
            tracing::info!(connector = slug, "removed");
            return Ok(Some(current.without(slug)));
        };
        let waited = now == known.map(|known| &known.seen)
            && known.is_some_and(|known| matches!(known.state, State::Waiting(_)));
        let (installer, path) = (self.installer.clone(), found.path.clone());
        let reading = tokio::task::spawn_blocking(move || installer.read(&path));
        let package = reading.await.map_err(|_| LifecycleError::Interrupted)??;
        // What still waits was said once.
        if waited && matches!(standing(&self.ports, &package).await?, Standing::AsksForMore { .. }) {
            return Ok(None);
        }
        let version = package.manifest.version.clone();
        let Some(connector) = self.take(package).await? else {
            self.remember(slug.to_owned(), Some(found), State::Waiting(version));
            return Ok(None);
        };
        let next = self.live.current().with(connector)?;
        self.remember(slug.to_owned(), Some(found), State::Active);
        Ok(Some(next))
    }

    fn remember(&mut self, slug: String, found: Option<&Found>, state: State) {
        self.unsettled.remove(&slug);
        if let Some(found) = found {
            self.known.insert(slug, Known { seen: found.fingerprint.clone(), state });
        }
    }
}

fn scan(paths: &[PathBuf]) -> BTreeMap<String, Found> {
    let found = paths.iter().filter_map(|path| {
        let fingerprint = Fingerprint::of(path)?;
        Some((name(path)?, Found { path: path.clone(), fingerprint }))
    });
    found.collect()
}
