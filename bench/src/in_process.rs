//! Calls without a network: what a fresh sandbox costs by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bulkhead_connector_kit::Connector as NativeConnector;
use bulkhead_connector_toolbox::CONNECTOR;
use bulkhead_execution::Outcome;
use bulkhead_native_adapters::SystemClock;
use mcp_host::compile_cache::CompileCache;
use mcp_host::config::OutboundConfig;
use mcp_host::sandbox::{
    Connector, EngineOptions, Installed, Installer, Invocation, SandboxEngine, SignaturePolicy, install,
};
use serde::Serialize;
use serde_json::json;

use crate::workload;

/// How long each tool is called, half of it natively.
const DURATION: Duration = Duration::from_secs(1);
/// Calls of one kind in a row, so that both kinds meet the same noise.
const IN_A_ROW: usize = 50;

/// One tool, called both ways.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct InProcess {
    /// The tool.
    pub(crate) tool: &'static str,
    /// The median of a native call: microseconds.
    pub(crate) native_p50_us: f64,
    /// The median of store, instance, call and drop: microseconds.
    pub(crate) sandbox_p50_us: f64,
    /// What that may be.
    pub(crate) mark_us: Option<f64>,
}

/// The same work through the contract and through a plain component's own types.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Plain {
    /// The work, by the name of its tool.
    pub(crate) tool: &'static str,
    /// The median of a call of the contract: microseconds.
    pub(crate) contract_p50_us: f64,
    /// The median of a call of the plain component: microseconds.
    pub(crate) plain_p50_us: f64,
    /// The plain component's as a multiple of the contract's.
    pub(crate) ratio: f64,
    /// What it may be.
    pub(crate) mark: f64,
}

/// The connectors, installed as the product does.
///
/// # Errors
/// When one can't be installed.
pub(crate) async fn installed(folder: &Path, cache: &Path) -> anyhow::Result<Installed> {
    let sandbox = SandboxEngine::new(EngineOptions::default()).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let cache = CompileCache::new(cache)?;
    let (clock, outbound) = (Arc::new(SystemClock), OutboundConfig::default());
    let signatures = SignaturePolicy::default();
    let installer = Installer::new(folder, &sandbox, &cache, clock, &BTreeMap::new(), &outbound, signatures)?;
    Ok(install(&installer).await?)
}

/// What a fresh sandbox may cost with a tool that does nothing: microseconds.
const ECHO_MARK: f64 = 15.0;

/// Measures a tool that does nothing, one that does next to nothing in a connector of some size, and one that computes.
///
/// # Errors
/// When the connectors can't be installed or a call fails.
pub(crate) fn measure(connectors: &Path, cache: &Path) -> anyhow::Result<Vec<InProcess>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let installed = installed(connectors, cache).await?;
        let toolbox = installed.get("toolbox").context("the toolbox is not installed")?;
        let echo = installed.get("echo").context("the connector that echoes is not installed")?;
        let versions = json!({ "left": "1.2.3", "right": "1.3.0" });
        let (message, arguments) = (workload::message().to_string(), workload::arguments().to_string());
        let echoes = both_ways((echo.as_ref(), &bulkhead_guest_echo::CONNECTOR), "echo", &message).await?;
        let toolbox = (toolbox.as_ref(), &CONNECTOR);
        Ok(vec![
            InProcess { mark_us: Some(ECHO_MARK), ..echoes },
            both_ways(toolbox, "semver_compare", &versions.to_string()).await?,
            both_ways(toolbox, "jq", &arguments).await?,
        ])
    })
}

/// Measures what types of its own cost a component.
///
/// # Errors
/// When the components can't be installed or a call fails.
pub(crate) fn measure_plain(connectors: &Path, guests: &Path, cache: &Path) -> anyhow::Result<Plain> {
    const MARK: f64 = 1.3;
    let guest = guests.join("plain-types").canonicalize().context("the test components are not built")?;
    let folder = tempfile::tempdir()?;
    std::os::unix::fs::symlink(guest, folder.path().join("plain-types"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (contract, plain) = (installed(connectors, cache).await?, installed(folder.path(), cache).await?);
        let toolbox = contract.get("toolbox").context("the toolbox is not installed")?;
        let plain = plain.get("plain-types").context("the plain component is not installed")?;
        let arguments = json!({ "left": "1.2.3", "right": "1.3.0" }).to_string();
        let (mut contract_calls, mut plain_calls) = (Vec::new(), Vec::new());
        let start = Instant::now();
        while start.elapsed() < DURATION {
            for _ in 0..IN_A_ROW {
                contract_calls.push(sandboxed(toolbox, "semver_compare", &arguments).await?);
            }
            for _ in 0..IN_A_ROW {
                plain_calls.push(sandboxed(plain, "versions_compare", &arguments).await?);
            }
        }
        let (contract_p50_us, plain_p50_us) = (median(contract_calls), median(plain_calls));
        let ratio = plain_p50_us / contract_p50_us;
        Ok(Plain { tool: "semver_compare", contract_p50_us, plain_p50_us, ratio, mark: MARK })
    })
}

async fn sandboxed(connector: &Connector, tool: &str, arguments: &str) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let report = connector.call(Invocation::tool(tool, arguments)).await;
    let elapsed = start.elapsed();
    ensure!(matches!(report.outcome, Outcome::Succeeded(_)), "{tool} failed: {:?}", report.outcome);
    Ok(elapsed)
}

async fn both_ways(
    (sandbox, native): (&Connector, &NativeConnector),
    tool: &'static str,
    arguments: &str,
) -> anyhow::Result<InProcess> {
    let (mut natives, mut sandboxes) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while start.elapsed() < DURATION {
        for _ in 0..IN_A_ROW {
            let start = Instant::now();
            let reply = native.call(tool, arguments);
            natives.push(start.elapsed());
            ensure!(reply.is_ok(), "{tool} failed natively: {reply:?}");
        }
        for _ in 0..IN_A_ROW {
            sandboxes.push(sandboxed(sandbox, tool, arguments).await?);
        }
    }
    let (native_p50_us, sandbox_p50_us) = (median(natives), median(sandboxes));
    Ok(InProcess { tool, native_p50_us, sandbox_p50_us, mark_us: None })
}

fn median(mut durations: Vec<Duration>) -> f64 {
    durations.sort_unstable();
    durations.get(durations.len() / 2).map_or(f64::NAN, |duration| duration.as_nanos() as f64 / 1000.0)
}
