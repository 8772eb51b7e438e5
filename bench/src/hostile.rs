//! What hostile calls cost others: a tool that behaves, alone and beside 10,000 calls of tools that misbehave, in turn, and
//! the memory that the host has before and after them.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::fleet::owner_key;
use crate::load;
use crate::options::Options;
use crate::process::{Server, free_address};
use crate::report::{Spread, met, quantile};
use crate::subject::Asks;
use crate::workload::{Workload, call};

/// How long the tool that behaves is called before it is asked whether the others still are.
const SPELL: Duration = Duration::from_millis(500);
/// Connections of the tool that behaves.
const CONNECTIONS: usize = 2;
/// Hostile calls before memory is looked at: they fill the pool, which keeps what was touched up to a bound.
const WARM_UP: usize = 1000;
/// A tool that loops is ended sooner than by default, or 10,000 calls would take most of an hour.
const CONFIG: &str = "[connectors.hostile.limits]\ncpu_ms = 20\n";
/// The most that the tool's p99 should grow to.
const P99_MARK: f64 = 2.0;

/// What was measured. Each p99 is over all rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Hostile {
    calls: usize,
    alone_p99_ms: f64,
    /// Beside as many connections whose calls are ordinary: what the load alone costs.
    beside_ordinary_p99_ms: f64,
    beside_p99_ms: f64,
    /// Of the hostile calls to none, round by round.
    p99_ratio: Spread,
    p99_mark: f64,
    resident_before_mib: Option<f64>,
    resident_after_mib: Option<f64>,
}

/// Measures.
///
/// # Errors
/// When the host does not start, goes away, or answers a call wrongly.
pub(crate) fn measure(options: &Options, folder: &Path) -> anyhow::Result<Hostile> {
    eprintln!("making {} hostile calls", options.hostile_calls);
    let (server, key) = start(options, folder)?;
    let workload = Arc::new(Workload::new(Asks::Jq, server.address, Some(&key))?);
    let attacks = Arc::new(attacks(server.address, &key)?);
    let behave = |duration| load::put(server.address, &workload, CONNECTIONS, duration).map(|load| load.latencies);
    let attack = |calls| put(server.address, &attacks, options.connections, calls);
    let ordinary = || load::put(server.address, &workload, options.connections, options.seconds).map(drop);
    // Latencies of the tool that behaves, while others do something.
    let beside = |others: &(dyn Fn() -> anyhow::Result<()> + Sync)| -> anyhow::Result<Vec<u32>> {
        let mut latencies = Vec::new();
        std::thread::scope(|scope| {
            let others = scope.spawn(others);
            loop {
                let spell = behave(SPELL)?;
                if others.is_finished() {
                    // For a part of this one nobody was there.
                    return others.join().map_err(|_| anyhow::anyhow!("the other client panicked"))?;
                }
                latencies.extend(spell);
            }
        })
        .with_context(|| server.log_tail())?;
        ensure!(!latencies.is_empty(), "a round takes less than {SPELL:?}: too few calls for a p99 beside them");
        Ok(latencies)
    };

    attack(WARM_UP.min(options.hostile_calls)).with_context(|| server.log_tail())?;
    behave(options.seconds)?;
    let before = server.resident();
    let (mut alone, mut beside_ordinary, mut beside_hostile) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let calls = options.hostile_calls.div_ceil(options.rounds);
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        alone.push(behave(options.seconds)?);
        beside_ordinary.push(beside(&ordinary)?);
        beside_hostile.push(beside(&|| attack(calls))?);
    }
    // What calls have while they run is theirs, up to their limits. What counts is what they leave.
    behave(options.seconds)?;
    let after = server.resident();
    let ratios = beside_hostile.p99s.iter().zip(&alone.p99s).map(|(beside, alone)| beside / alone).collect();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Ok(Hostile {
        calls: calls * options.rounds,
        alone_p99_ms: alone.p99(),
        beside_ordinary_p99_ms: beside_ordinary.p99(),
        beside_p99_ms: beside_hostile.p99(),
        p99_ratio: Spread::of(ratios).context("without a round there is no ratio")?,
        p99_mark: P99_MARK,
        resident_before_mib: before.map(mib),
        resident_after_mib: after.map(mib),
    })
}

/// Latencies of several rounds: all, and the p99 of each.
#[derive(Default)]
struct Rounds {
    all: Vec<u32>,
    p99s: Vec<f64>,
}

impl Rounds {
    fn push(&mut self, mut latencies: Vec<u32>) {
        latencies.sort_unstable();
        self.p99s.push(quantile(&latencies, 0.99));
        self.all.extend(latencies);
    }

    fn p99(mut self) -> f64 {
        self.all.sort_unstable();
        quantile(&self.all, 0.99)
    }
}

/// `bulkhead up` with the shipped connectors and the hostile one.
fn start(options: &Options, folder: &Path) -> anyhow::Result<(Server, String)> {
    let (connectors, data_dir) = (folder.join("hostile-connectors"), folder.join("hostile"));
    options.link_connectors(&connectors, Some("connector-hostile"))?;
    let config = folder.join("hostile.toml");
    std::fs::write(&config, CONFIG)?;
    let address = free_address()?;
    let mut command = Command::new(&options.bulkhead);
    command
        .arg("up")
        .args(["--listen", &address.to_string()])
        .args([Path::new("--config"), &config])
        .args([Path::new("--data-dir"), &data_dir])
        .args([Path::new("--manifest"), &options.manifest])
        .args([Path::new("--connectors"), &connectors]);
    let log = folder.join("hostile.log");
    // The first start compiles, which takes memory that has nothing to do with calls.
    Server::start(&mut command, address, &log)?.wait_until_ready()?;
    let mut server = Server::start(&mut command, address, &log)?;
    server.wait_until_ready()?;
    let key = owner_key(&data_dir)?;
    Ok((server, key))
}

/// One request for each attack.
fn attacks(address: SocketAddr, key: &str) -> anyhow::Result<Vec<Request<Full<Bytes>>>> {
    let calls = [
        ("spin_forever", json!({})),
        ("allocate_without_end", json!({})),
        ("trap", json!({})),
        ("stack_overflow", json!({})),
        ("huge_result", json!({ "bytes": 2 << 20 })),
        ("log_flood", json!({ "messages": 200, "bytes": 5000 })),
        ("bad_output", json!({})),
        ("read_environment", json!({})),
        ("reach_metadata", json!({})),
    ];
    let mut requests = Vec::new();
    for (tool, arguments) in calls {
        let mut request = call(&format!("hostile_{tool}"), &arguments)?;
        request.headers_mut().insert(HOST, address.to_string().parse()?);
        request.headers_mut().insert(AUTHORIZATION, format!("Bearer {key}").parse()?);
        requests.push(request);
    }
    Ok(requests)
}

/// Makes so many calls in all.
fn put(
    address: SocketAddr,
    attacks: &Arc<Vec<Request<Full<Bytes>>>>,
    connections: usize,
    calls: usize,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let made = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            clients.spawn(client(address, attacks.clone(), made.clone(), calls));
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        Ok(())
    })
}

async fn client(
    address: SocketAddr,
    attacks: Arc<Vec<Request<Full<Bytes>>>>,
    made: Arc<AtomicUsize>,
    calls: usize,
) -> anyhow::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    loop {
        let index = made.fetch_add(1, Ordering::Relaxed);
        if index >= calls {
            return Ok(());
        }
        sender.ready().await?;
        let (head, body) = sender.send_request(attacks[index % attacks.len()].clone()).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        ensure!(head.status == StatusCode::OK, "status {}: {}", head.status, String::from_utf8_lossy(&body));
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, alone_p99_ms, beside_p99_ms, p99_ratio, p99_mark, .. } = self;
        let met = met(p99_ratio.median <= *p99_mark);
        writeln!(f, "jq on bulkhead up, beside {calls} hostile calls:")?;
        writeln!(
            f,
            "  p99 alone {alone_p99_ms:.2} ms, beside them {beside_p99_ms:.2} ms: {p99_ratio}, mark {p99_mark} {met}"
        )?;
        writeln!(f, "  p99 beside ordinary calls on as many connections {:.2} ms", self.beside_ordinary_p99_ms)?;
        if let (Some(before), Some(after)) = (self.resident_before_mib, self.resident_after_mib) {
            writeln!(f, "  resident memory before {before:.1} MiB, after {after:.1} MiB")?;
        }
        Ok(())
    }
}
