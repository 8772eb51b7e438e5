//! The client: connections that each make one call after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::Request;
use http::header::HOST;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::workload::Workload;

/// What came of load for a while.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// How long each call took: microseconds.
    pub(crate) latencies: Vec<u32>,
}

impl Load {
    pub(crate) fn calls_per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Puts load on a server. One thread is enough for the client and leaves the server as much of the machine as possible.
///
/// # Errors
/// When a connection breaks or an answer is wrong: then the figures would mean nothing.
pub(crate) fn put(
    address: SocketAddr,
    workload: &Arc<Workload>,
    connections: usize,
    duration: Duration,
) -> anyhow::Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let start = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            clients.spawn(client(address, workload.clone(), start + duration));
        }
        let mut latencies = Vec::new();
        while let Some(client) = clients.join_next().await {
            latencies.extend(client??);
        }
        Ok(Load { elapsed: start.elapsed(), latencies })
    })
}

/// One request, and what its answer has.
///
/// # Errors
/// When the connection breaks, or the answer is a refusal.
pub(crate) fn once(address: SocketAddr, mut request: Request<Full<Bytes>>) -> anyhow::Result<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    request.headers_mut().insert(HOST, address.to_string().parse()?);
    runtime.block_on(async {
        let stream = TcpStream::connect(address).await.with_context(|| format!("can't connect to {address}"))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        ensure!(head.status.is_success(), "status {}: {}", head.status, String::from_utf8_lossy(&body));
        Ok(body)
    })
}

async fn client(address: SocketAddr, workload: Arc<Workload>, end: Instant) -> anyhow::Result<Vec<u32>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("can't connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut latencies = Vec::new();
    while Instant::now() < end {
        sender.ready().await?;
        let request = workload.request.clone();
        let start = Instant::now();
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        workload.check(head.status, &body)?;
    }
    drop(sender);
    // The server may close it less orderly than it was used.
    let _ = connection.await;
    Ok(latencies)
}
