//! `bulkhead up` and `bulkhead serve`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bulkhead_http_api::{IDENTITY_KEY, PUBLIC_URL, SIGNING_KEYS, TOKEN_KEYS};
use bulkhead_kernel::Secret;
use tokio_util::sync::CancellationToken;

use super::assemble::{Assembly, assemble};
use super::database_url;
use super::mail::postman;
use super::mcp;
use super::shutdown::Signals;
use super::sign_in;
use crate::auth::Gate;
use crate::config::{Authentication, Config};
use crate::edge::{EdgeConfig, EdgeRuntime, LiveVariable};
use crate::http::{Documents, Host, HostParts, OpenAnswers, bind, router, serve};
use crate::mcp::{McpServer, mcp_service};
use crate::sandbox::{DocumentLimits, OutboundClient};
use crate::vault::Vault;

/// How long what was ready to be said may still take, once calls have ended: those who read slowly are left.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where the functions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Functions {
    /// In this process.
    Embedded,
    /// On Spin.
    Elsewhere,
}

pub(super) async fn run(config: Config, functions: Functions) -> anyhow::Result<()> {
    // The port first: a second `up` should say that there is a first one before it touches anything.
    let listener = bind(config.listen).await?;
    let bound = listener.local_addr()?;
    let public_url = config.public_url(bound);
    let assembly = assemble(&config, &public_url, functions == Functions::Embedded).await?;
    let edge = match functions {
        Functions::Elsewhere => None,
        Functions::Embedded => {
            let edge = edge_config(&config, &assembly, &public_url, &format!("http://{bound}"))?;
            Some(tokio::task::spawn_blocking(move || EdgeRuntime::start(edge)).await??)
        }
    };
    let local = match config.mcp.authentication {
        Authentication::Required => None,
        Authentication::Off if bound.ip().is_loopback() => Some(mcp::local(&assembly, None).await?),
        Authentication::Off => anyhow::bail!(
            "mcp.authentication is \"off\", which only a loopback address allows; listen on 127.0.0.1, or require it"
        ),
    };
    let (keys, ca_file) = (assembly.token_keys.clone(), config.outbound.ca_file.as_deref());
    let gate = Arc::new(Gate::new(config.oauth.as_ref(), &public_url, keys, ca_file)?);
    let variables = Arc::new(own_variables(&assembly, &public_url));
    let postman = postman(&config.mail, &assembly.data_dir, &assembly.ports, assembly.identity_key.clone())?;
    let limits = DocumentLimits {
        bytes: config.outbound.client_metadata_bytes,
        time: Duration::from_millis(config.outbound.client_metadata_ms),
    };
    let documents = Documents { client: OutboundClient::new(ca_file, config.outbound.concurrent_lookups)?, limits };
    let Assembly { data_dir, database, ports, internal_key, lifecycle, metrics, worker, .. } = assembly;
    let connectors = lifecycle.connectors().clone();
    let (stop, answers) = (CancellationToken::new(), OpenAnswers::default());
    let server = McpServer::new(ports.clone(), worker.clone(), &internal_key, config.mcp.clone(), local, stop.clone());
    let mcp = mcp_service(server, &config.mcp, bound, stop.clone());
    let parts = HostParts {
        ports,
        database: database.clone(),
        connectors,
        worker: worker.clone(),
        metrics,
        internal_key,
        variables,
        edge,
        gate,
        documents,
        answers: answers.clone(),
    };
    let router = router(Host::new(parts), mcp, &config.mcp);
    let queue = tokio::spawn({
        let worker = worker.clone();
        async move { worker.serve_queue().await }
    });
    let poll = Duration::from_millis(config.sandbox.connectors_poll_ms);
    let watch = tokio::spawn(lifecycle.watch(worker.changes().clone(), poll, stop.clone()));
    let mut mail = tokio::spawn({
        let stop = stop.clone();
        async move { postman.serve(stop).await }
    });
    // Before anybody is told that this runs, so that whoever stops it then stops it cleanly.
    let signals = Signals::install()?;
    announce(&public_url, functions, &data_dir);

    let patience = Duration::from_secs(config.jobs.drain_seconds);
    let signal = {
        let (worker, stop) = (worker.clone(), stop.clone());
        async move {
            signals.requested().await;
            tracing::info!("stopping: open calls may finish");
            worker.drain(patience).await;
            answers.settle(LAST_WORDS).await;
            stop.cancel();
        }
    };
    serve(listener, router, signal, LAST_WORDS).await?;
    queue.abort();
    watch.abort();
    // A mail that is half said is said again.
    if tokio::time::timeout(Duration::from_secs(config.mail.smtp_seconds), &mut mail).await.is_err() {
        mail.abort();
    }
    database.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What of the functions' variables the host needs as well.
fn own_variables(assembly: &Assembly, public_url: &str) -> BTreeMap<String, Secret> {
    let variables = [(PUBLIC_URL, public_url.to_owned()), (TOKEN_KEYS, assembly.token_keys.as_text())];
    variables.map(|(name, value)| (name.to_owned(), Secret::new(value))).into()
}

fn edge_config(config: &Config, assembly: &Assembly, public_url: &str, host_url: &str) -> anyhow::Result<EdgeConfig> {
    let settings = &config.edge;
    let mut variables = sign_in::variables(&config.auth)?;
    variables.extend(settings.variables.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))));
    variables.extend(own_variables(assembly, public_url));
    variables.insert(SIGNING_KEYS.to_owned(), assembly.signing_keys.clone());
    variables.insert(IDENTITY_KEY.to_owned(), assembly.identity_key.expose());
    variables.insert("host_url".to_owned(), Secret::new(host_url.to_owned()));
    variables.insert("internal_key".to_owned(), assembly.internal_key.clone());
    variables.insert("oauth_clients".to_owned(), assembly.oauth_clients.clone());
    let database_url = config.database_url();
    let sqlite = match database_url.strip_prefix("sqlite:") {
        Some(path) => path.trim_start_matches("//").into(),
        None => {
            variables.insert("database_url".to_owned(), Secret::new(database_url::for_functions(&database_url)));
            if let Some(host) = database_url::allowed_host(&database_url) {
                variables.insert("database_host".to_owned(), Secret::new(host));
            }
            assembly.data_dir.file("functions.db")
        }
    };
    Ok(EdgeConfig {
        manifest: config.manifest.clone(),
        cache_dir: assembly.data_dir.file("cache"),
        sqlite_default: sqlite,
        key_value_default: assembly.data_dir.file("key-value.db"),
        variables,
        live: [("vault_sealing_key".to_owned(), sealing_key(assembly.vault.clone()))].into(),
        limits: settings.limits(),
    })
}

/// What functions seal with: the key that is in the file now, since it may be rotated while they serve.
fn sealing_key(vault: Vault) -> LiveVariable {
    LiveVariable::new(move || {
        if let Err(error) = vault.refresh() {
            tracing::warn!(%error, "the vault's keys can't be read again; functions seal with the key of before");
        }
        vault.sealing_key().0.expose()
    })
}

#[expect(clippy::print_stderr, reason = "the first thing a newcomer looks for, whatever the log filter says")]
fn announce(public_url: &str, functions: Functions, data_dir: &crate::data_dir::DataDir) {
    let mut lines = vec![format!("Bulkhead is ready at {public_url}"), format!("  MCP      {public_url}/mcp")];
    if functions == Functions::Embedded {
        lines.push(format!("  REST     {public_url}/v1"));
    }
    lines.push(format!("  health   {public_url}/health/detailed"));
    lines.push(format!("  API key  {}", data_dir.file("owner.json").display()));
    eprintln!("\n{}\n", lines.join("\n"));
}
