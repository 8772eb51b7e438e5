//! The vault over real key files and databases.

mod keys;
mod rotation;

use std::path::PathBuf;
use std::sync::Arc;

use bulkhead_audit::Actor;
use bulkhead_kernel::CorrelationId;
use bulkhead_native_adapters::SystemClock;
use bulkhead_testkit::functions::Fixture;
use bulkhead_vault::{NewSecret, Scope};
use tempfile::TempDir;

use super::*;

/// A database with two tenants, and a data directory.
struct World {
    fixture: Fixture,
    folder: TempDir,
    config: VaultConfig,
}

impl World {
    async fn on_sqlite() -> Self {
        Self::of(Fixture::start(Arc::new(SystemClock)).await)
    }

    async fn on_postgres() -> Self {
        Self::of(Fixture::start_on_postgres(Arc::new(SystemClock)).await)
    }

    fn of(fixture: Fixture) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { fixture, folder, config: VaultConfig::default() }
    }

    fn ports(&self) -> &Ports {
        &self.fixture.ports
    }

    fn key_file(&self) -> PathBuf {
        self.config.key_file.clone().unwrap_or_else(|| self.folder.path().join("vault.keys"))
    }

    /// As another process would open it.
    async fn try_open(&self) -> Result<Vault, VaultError> {
        Vault::open(self.ports(), &self.config, self.folder.path()).await
    }

    async fn open(&self) -> Vault {
        self.try_open().await.expect("opens")
    }

    /// Why it does not open.
    async fn refusal(&self) -> String {
        self.try_open().await.expect_err("is refused").to_string()
    }

    async fn put(&self, vault: &Vault, connector: &str, value: &str) -> Result<(), VaultError> {
        let author = Author::caller(&self.fixture.ours.caller, &correlation());
        let scope = Scope::Connector(connector.parse().expect("a slug"));
        let field = "token".parse().expect("a name");
        vault.put(&author, &NewSecret { scope, field, value: Secret::new(value.to_owned()) }).await
    }

    /// The token of a connector.
    async fn token(&self, vault: &Vault, connector: &str) -> Result<String, VaultError> {
        let connector = connector.parse().expect("a slug");
        let credentials = vault.credentials(self.fixture.ours.caller.organization, &connector).await?;
        assert!(credentials.len() == 1 && credentials[0].0 == "token", "{credentials:?}");
        Ok(credentials[0].1.expose().to_owned())
    }

    /// Stores a token for each of so many connectors.
    async fn fill(&self, vault: &Vault, connectors: u32) {
        for number in 0..connectors {
            self.put(vault, &format!("c{number}"), &format!("value {number}")).await.expect("stores");
        }
    }

    /// Looks at all of them.
    async fn check(&self, vault: &Vault, connectors: u32) {
        for number in 0..connectors {
            let token = self.token(vault, &format!("c{number}")).await.expect("opens");
            assert_eq!(token, format!("value {number}"));
        }
    }

    /// How many keys the file has.
    fn count_keys(&self) -> usize {
        let text = std::fs::read_to_string(self.key_file()).expect("the file is there");
        text.lines().filter(|line| line.starts_with("bhvk_")).count()
    }

    fn source(&self) -> KeySource {
        KeySource::of(&self.config, self.folder.path())
    }

    async fn rotate_with(&self, ports: &Ports, batch: u32) -> Result<Rotated, VaultError> {
        rotate(ports, &self.source(), &operator(), &correlation(), batch, |_| {}).await
    }

    async fn rotate(&self) -> Rotated {
        self.rotate_with(self.ports(), 100).await.expect("rotates")
    }
}

fn operator() -> Actor {
    Actor::operator("test")
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("test").expect("sane")
}
