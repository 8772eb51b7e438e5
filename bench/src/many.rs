//! Many connectors in one host: how long it takes to start with compiled components at hand, what memory it has when
//! nobody calls, and how long a list of tools takes.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

use crate::fleet::owner_key;
use crate::load;
use crate::options::Options;
use crate::process::{Server, free_address};
use crate::report::{met, quantile};
use crate::subject::Asks;
use crate::workload::Workload;

/// The connector that is installed again and again under other names.
const MODEL: &str = "prometheus";
/// Time for what is done once after a start.
const SETTLE: Duration = Duration::from_secs(2);
const LIST_MARK_MS: f64 = 5.0;
const RESIDENT_MARK_MIB: f64 = 150.0;
const START_MARK_S: f64 = 2.0;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Many {
    connectors: usize,
    warm_start_s: f64,
    warm_start_mark_s: f64,
    idle_resident_mib: Option<f64>,
    idle_resident_mark_mib: f64,
    /// One page of `tools/list`, asked for over one connection.
    list_p50_ms: f64,
    list_p50_mark_ms: f64,
}

/// Measures.
///
/// # Errors
/// When the host does not start, or lists something else.
pub(crate) fn measure(options: &Options, folder: &Path) -> anyhow::Result<Many> {
    let connectors = options.many_connectors;
    eprintln!("installing {connectors} connectors, which compiles each of them");
    let (installed, data_dir) = (folder.join("many-connectors"), folder.join("many"));
    install(options, &installed)?;
    let start = || start(options, &installed, &data_dir);
    // The first start compiles, the second is measured.
    drop(start()?);
    let begin = Instant::now();
    let server = start()?;
    let warm_start = begin.elapsed();
    std::thread::sleep(SETTLE);
    let resident = server.resident();
    let workload = Arc::new(Workload::new(Asks::List, server.address, Some(&owner_key(&data_dir)?))?);
    let put = |duration| load::put(server.address, &workload, 1, duration).with_context(|| server.log_tail());
    put(options.seconds)?;
    let mut latencies = put(options.seconds)?.latencies;
    latencies.sort_unstable();
    Ok(Many {
        connectors,
        warm_start_s: warm_start.as_secs_f64(),
        warm_start_mark_s: START_MARK_S,
        idle_resident_mib: resident.map(|bytes| bytes as f64 / f64::from(1 << 20)),
        idle_resident_mark_mib: RESIDENT_MARK_MIB,
        list_p50_ms: quantile(&latencies, 0.5),
        list_p50_mark_ms: LIST_MARK_MS,
    })
}

/// The model under as many names, each with bytes of its own, so that none shares its compiled code with another.
fn install(options: &Options, folder: &Path) -> anyhow::Result<()> {
    let model = options.connectors.join(MODEL);
    let component = std::fs::read(model.join("component.wasm")).context("the connectors are not built")?;
    let manifest = std::fs::read_to_string(model.join("connector.toml"))?;
    for number in 0..options.many_connectors {
        let slug = format!("{MODEL}{number}");
        let folder = folder.join(&slug);
        std::fs::create_dir_all(&folder)?;
        let manifest = manifest.replace(&format!("slug = \"{MODEL}\""), &format!("slug = \"{slug}\""));
        std::fs::write(folder.join("connector.toml"), manifest)?;
        let mut component = component.clone();
        component.extend(custom_section(&slug));
        std::fs::write(folder.join("component.wasm"), component)?;
    }
    Ok(())
}

/// A custom section without content whose name is this one, of less than 127 bytes.
fn custom_section(name: &str) -> Vec<u8> {
    let length = name.len() as u8;
    [&[0, length + 1, length], name.as_bytes()].concat()
}

fn start(options: &Options, connectors: &Path, data_dir: &Path) -> anyhow::Result<Server> {
    let address = free_address()?;
    let mut command = Command::new(&options.bulkhead);
    command
        .arg("up")
        .args(["--listen", &address.to_string()])
        .args([Path::new("--data-dir"), data_dir])
        .args([Path::new("--manifest"), &options.manifest])
        .args([Path::new("--connectors"), connectors]);
    let mut server = Server::start(&mut command, address, &data_dir.with_extension("log"))?;
    server.wait_until_ready()?;
    Ok(server)
}

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connectors, warm_start_s, warm_start_mark_s, list_p50_ms, list_p50_mark_ms, .. } = self;
        writeln!(f, "bulkhead up with {connectors} connectors:")?;
        let start = met(warm_start_s <= warm_start_mark_s);
        writeln!(f, "  start with compiled components {warm_start_s:.2} s, mark {warm_start_mark_s} s {start}")?;
        if let Some(resident) = self.idle_resident_mib {
            let mark = self.idle_resident_mark_mib;
            writeln!(f, "  resident memory when idle {resident:.0} MiB, mark {mark} MiB {}", met(resident <= mark))?;
        }
        let list = met(list_p50_ms <= list_p50_mark_ms);
        writeln!(f, "  tools/list p50 {list_p50_ms:.2} ms a page, mark {list_p50_mark_ms} ms {list}")
    }
}

#[cfg(test)]
mod tests {
    use super::custom_section;

    #[test]
    fn a_section_says_how_long_it_is() {
        assert_eq!(custom_section("ab"), [0, 3, 2, b'a', b'b']);
    }
}
