//! What it costs to find out who somebody is: signing in with a password, where a slow hash is the purpose, and the check
//! of a credential, which every request pays.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bulkhead_http_api::Audience;
use bulkhead_identity::{
    PasswordCost, SigningKeys, TokenTerms, authenticate_key, authenticate_token, check_password, hash_password,
};
use bulkhead_kernel::{Ports, Secret};
use bulkhead_native_adapters::{Options as DatabaseOptions, OsEntropy, SystemClock, connect};
use serde::Serialize;

use crate::fleet::owner_key;
use crate::load;
use crate::options::Options;
use crate::process::{Server, free_address};
use crate::report::{met, quantile};
use crate::subject::Asks;
use crate::workload::{PASSWORD, Workload, sign_up};

/// Whoever can reach this server is the benchmark, which signs in more often than anybody should.
const CONFIG: &str = "[edge.variables]\nsign_up = \"open\"\n\
                      credential_limits = \"sign-in-address=100000/60 sign-in-account=100000/60\"\n";
/// Natively hashed passwords.
const HASHES: usize = 20;
/// Checks of each kind of credential.
const CHECKS: usize = 2_000;
const CHECK_MARK_US: f64 = 300.0;

/// What was measured. Each figure is a median.
#[derive(Debug, Serialize)]
pub(crate) struct Credentials {
    /// The check of a password's Argon2id hash, in this process.
    native_password_ms: f64,
    /// A whole sign-in through the function `auth`, where the hash is WebAssembly: hash, session, audit entry, tokens.
    sign_in_ms: f64,
    /// The second as a multiple of the first.
    sign_in_ratio: f64,
    /// Access token to caller, in this process, with its one look into SQLite.
    token_check_us: f64,
    /// The same of an API key.
    key_check_us: f64,
    token_check_mark_us: f64,
    /// `GET /v1/connectors` at the edge with an access token, over one connection.
    request_with_token_ms: f64,
    /// The same with an API key.
    request_with_key_ms: f64,
}

/// Measures.
///
/// # Errors
/// When the host does not start, or refuses.
pub(crate) fn measure(options: &Options, folder: &Path) -> anyhow::Result<Credentials> {
    eprintln!("signing in, and checking credentials");
    let data_dir = folder.join("credentials");
    let server = start(options, folder, &data_dir)?;
    let key = owner_key(&data_dir)?;
    let token = load::once(server.address, sign_up()?).and_then(|answer| {
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        Ok(answer["access_token"].as_str().context("nobody was signed up")?.to_owned())
    })?;
    let median = |asks, credential| {
        let workload = Arc::new(Workload::new(asks, server.address, credential)?);
        let put = || load::put(server.address, &workload, 1, options.seconds).with_context(|| server.log_tail());
        put()?;
        let mut latencies = put()?.latencies;
        latencies.sort_unstable();
        anyhow::Ok(quantile(&latencies, 0.5))
    };
    let sign_in_ms = median(Asks::SignIn, None)?;
    let native_password_ms = native_password()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (token_check_us, key_check_us) = runtime.block_on(checks(&data_dir, server.address, &token, &key))?;
    Ok(Credentials {
        native_password_ms,
        sign_in_ms,
        sign_in_ratio: sign_in_ms / native_password_ms,
        token_check_us,
        key_check_us,
        token_check_mark_us: CHECK_MARK_US,
        request_with_token_ms: median(Asks::Connectors, Some(&token))?,
        request_with_key_ms: median(Asks::Connectors, Some(&key))?,
    })
}

fn start(options: &Options, folder: &Path, data_dir: &Path) -> anyhow::Result<Server> {
    let (address, config) = (free_address()?, folder.join("credentials.toml"));
    std::fs::write(&config, CONFIG)?;
    let mut command = Command::new(&options.bulkhead);
    command
        .arg("up")
        .args(["--listen", &address.to_string()])
        .args([Path::new("--config"), &config])
        .args([Path::new("--data-dir"), data_dir])
        .args([Path::new("--manifest"), &options.manifest])
        .args([Path::new("--connectors"), &options.connectors]);
    let mut server = Server::start(&mut command, address, &data_dir.with_extension("log"))?;
    server.wait_until_ready()?;
    Ok(server)
}

/// The check of a right password.
fn native_password() -> anyhow::Result<f64> {
    let (password, cost) = (Secret::new(PASSWORD.to_owned()), PasswordCost::default());
    let stored = hash_password(&password, cost, &OsEntropy)?;
    let check = || {
        let start = Instant::now();
        std::hint::black_box(check_password(&password, Some(&stored), cost, &OsEntropy)?);
        anyhow::Ok(start.elapsed())
    };
    Ok(median((0..HASHES).map(|_| check()).collect::<Result<_, _>>()?).as_secs_f64() * 1e3)
}

/// Of an access token and of an API key, over the server's own database.
async fn checks(data_dir: &Path, address: std::net::SocketAddr, token: &str, key: &str) -> anyhow::Result<(f64, f64)> {
    let url = format!("sqlite:{}", data_dir.join("bulkhead.db").display());
    let database = connect(&url, &DatabaseOptions::default()).await?;
    let ports = Ports { sql: database.sql(), clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    let keys = SigningKeys::parse(&std::fs::read_to_string(data_dir.join("signing.keys"))?)?.public();
    let issuer = format!("http://{address}");
    let terms = TokenTerms::new(keys, &issuer, Audience::Rest.of(&issuer));
    let (mut tokens, mut api_keys) = (Vec::new(), Vec::new());
    // In turn, so that both meet the same noise.
    for _ in 0..CHECKS {
        let start = Instant::now();
        authenticate_token(&ports, &terms, token).await?;
        tokens.push(start.elapsed());
        let start = Instant::now();
        authenticate_key(&ports, key, None).await?;
        api_keys.push(start.elapsed());
    }
    database.close().await;
    Ok((median(tokens).as_secs_f64() * 1e6, median(api_keys).as_secs_f64() * 1e6))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { native_password_ms, sign_in_ms, sign_in_ratio, token_check_us, key_check_us, .. } = self;
        writeln!(f, "Credentials, p50:")?;
        writeln!(
            f,
            "  a password's check natively {native_password_ms:.1} ms, a sign-in at the edge {sign_in_ms:.1} ms: \
             {sign_in_ratio:.2}"
        )?;
        let mark = self.token_check_mark_us;
        writeln!(
            f,
            "  an access token's check {token_check_us:.0} us, mark {mark} us {}; an API key's {key_check_us:.0} us",
            met(*token_check_us <= mark)
        )?;
        writeln!(
            f,
            "  GET /v1/connectors at the edge with a token {:.2} ms, with a key {:.2} ms",
            self.request_with_token_ms, self.request_with_key_ms
        )
    }
}
