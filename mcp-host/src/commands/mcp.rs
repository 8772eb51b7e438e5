//! `bulkhead mcp`: an MCP server over standard input and output, for a client that starts its servers itself.

use std::time::Duration;

use anyhow::Context as _;
use bulkhead_kernel::Secret;
use bulkhead_kernel::id::ProjectId;
use rmcp::ServiceExt;
use tokio_util::sync::CancellationToken;

use super::assemble::{Assembly, assemble};
use super::shutdown::Signals;
use crate::config::Config;
use crate::mcp::{Local, McpServer};

pub(super) async fn run(config: Config, project: Option<ProjectId>) -> anyhow::Result<()> {
    let assembly = assemble(&config, &config.public_url(config.listen), false).await?;
    let local = local(&assembly, project).await?;
    let Assembly { database, ports, internal_key, lifecycle, worker, .. } = assembly;
    let queue = tokio::spawn({
        let worker = worker.clone();
        async move { worker.serve_queue().await }
    });
    let signals = Signals::install()?;
    let stop = CancellationToken::new();
    let poll = Duration::from_millis(config.sandbox.connectors_poll_ms);
    let watch = tokio::spawn(lifecycle.watch(worker.changes().clone(), poll, stop.clone()));
    let server = McpServer::new(ports, worker.clone(), &internal_key, config.mcp.clone(), Some(local), stop.clone());
    let running = server.serve(rmcp::transport::stdio()).await.context("the client did not start an MCP session")?;
    let cancel = running.cancellation_token();
    tokio::select! {
        ended = running.waiting() => { ended?; }
        () = signals.requested() => cancel.cancel(),
    }
    stop.cancel();
    worker.drain(Duration::from_secs(config.jobs.drain_seconds)).await;
    queue.abort();
    watch.abort();
    database.close().await;
    Ok(())
}

/// Whoever can start this process can read the data directory, so it acts as the owner whose key lies there.
pub(super) async fn local(assembly: &Assembly, project: Option<ProjectId>) -> anyhow::Result<Local> {
    let path = assembly.data_dir.file("owner.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} can't be read; it holds the API key that stdio acts with", path.display()))?;
    let owner: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let key = owner.get("api_key").and_then(serde_json::Value::as_str);
    let key = key.with_context(|| format!("{} has no api_key", path.display()))?;
    let local = Local { key: Secret::new(key.to_owned()), project };
    // Rather now than at the first call.
    local.caller(&assembly.ports).await?;
    Ok(local)
}
