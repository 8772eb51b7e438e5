//! Hostile components, each a named attack: made from the text of a core module, installed and called, each refused or
//! contained, and each without harm to the component beside it.
//!
//! These are the attacks that no toolchain would make. Those that one makes are tools of the guests `connector-hostile`
//! and `plain-hostile`, which the scenarios call. `tests/HOSTILE.md` lists them all. To add one, add an entry to
//! the list of its subject: it is called by being there.

mod abi;
mod compiling;
pub(super) mod component;
mod concurrent;
mod growth;
mod host;
mod installing;
mod within;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bulkhead_execution::{JobErrorKind, Outcome};
use bulkhead_native_adapters::SystemClock;
use serde_json::{Value, json};

use super::limits::ManifestLimits;
use super::outbound::OutboundClient;
use super::{
    Connector, ConnectorManifest, EngineOptions, Invocation, LimitName, OperatorConfig, RunReport, SandboxEngine,
};
use crate::compile_cache::CompileCache;
use component::Source;

/// One hostile component.
struct Attack {
    name: &'static str,
    component: Source,
    /// The first tool, when nothing else is said.
    tool: &'static str,
    contained: Contained,
}

/// What must become of it.
enum Contained {
    /// It is not installed, and the error says this.
    Refused(&'static str),
    /// The call is ended at a limit.
    Limit(LimitName),
    /// The call fails with this.
    Failed(JobErrorKind),
    /// The call succeeds with this, and nobody is worse off.
    Harmless(fn() -> Value),
}

pub(super) struct Bench {
    sandbox: SandboxEngine,
    cache: CompileCache,
    client: OutboundClient,
    pub(super) folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(EngineOptions::default())
    }

    fn with(options: EngineOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let install_time = Duration::from_millis(500);
        let options = EngineOptions { concurrent_calls: 2, install_time, ..options };
        Self {
            sandbox: SandboxEngine::new(options).expect("an engine"),
            cache: CompileCache::new(folder.path()).expect("a cache"),
            client: OutboundClient::new(None, 1).expect("a client"),
            folder,
        }
    }

    pub(super) async fn load(&self, wasm: &[u8]) -> Result<Connector, String> {
        self.load_from(None, wasm).await
    }

    pub(super) async fn load_from(&self, file: Option<PathBuf>, wasm: &[u8]) -> Result<Connector, String> {
        let manifest = "slug = 'x'\nname = 'X'\nversion = '1.0.0'\ndescription = 'X'\n[auth]\ntype = 'none'\n";
        let manifest: ConnectorManifest = toml::from_str(manifest).expect("a manifest");
        let limits = ManifestLimits { cpu_ms: Some(200), wall_clock_ms: Some(2000), ..ManifestLimits::default() };
        let operator = OperatorConfig { limits, ..OperatorConfig::default() };
        let (client, clock) = (self.client.clone(), Arc::new(SystemClock));
        let loaded =
            Connector::load(&self.sandbox, &self.cache, client, clock, manifest, (file, wasm), &operator).await;
        loaded.map_err(|error| error.to_string())
    }

    /// A component that behaves works beside what was done to the engine.
    async fn assert_well(&self) {
        let good = self.load(&component::GOOD.bytes()).await.expect("it is installed");
        let report = good.call(Invocation::tool("run", "{}")).await;
        assert_eq!(succeeded(&report), &json!({ "structuredContent": { "result": "" } }));
        assert!(!report.broke_rules);
    }
}

pub(super) fn succeeded(report: &RunReport) -> &Value {
    match &report.outcome {
        Outcome::Succeeded(value) => value,
        Outcome::Failed(error) => panic!("{error:?}"),
    }
}

async fn contain(bench: &Bench, attack: &Attack) {
    let Attack { name, component, tool, contained } = attack;
    let loaded = bench.load(&component.bytes()).await;
    let connector = match (loaded, contained) {
        (Err(error), Contained::Refused(why)) => {
            assert!(error.contains(why), "{name}: {error}");
            return;
        }
        (Err(error), _) => panic!("{name} is not installed: {error}"),
        (Ok(_), Contained::Refused(_)) => panic!("{name} is installed"),
        (Ok(connector), _) => connector,
    };
    // More often than there are places in the pool: what was not given back would be missed.
    for _ in 0..4 {
        let report = connector.call(Invocation::tool(*tool, "{}")).await;
        match (contained, &report.outcome) {
            (Contained::Limit(limit), Outcome::Failed(error)) => {
                assert_eq!(error.kind, JobErrorKind::LimitExceeded, "{name}: {error:?}");
                let details = error.details.as_ref().expect("details");
                assert_eq!(details["limit"], json!(limit), "{name}: {error:?}");
                let (value, reached) = (details["value"].as_u64(), details["reached"].as_u64());
                let enough = match limit {
                    // Counting ends at these; that on results tells what was reached when the contract is kept.
                    LimitName::Stack | LimitName::HostcallBytes | LimitName::ResultBytes => reached.is_none(),
                    // A part of a millisecond is not told.
                    LimitName::CpuMs | LimitName::WallMs => value > Some(0) && reached >= value,
                    _ => reached > value,
                };
                assert!(value.is_some() && enough, "{name}: {error:?}");
            }
            (Contained::Failed(kind), Outcome::Failed(error)) => assert_eq!(error.kind, *kind, "{name}: {error:?}"),
            (Contained::Harmless(value), Outcome::Succeeded(result)) => {
                assert_eq!(*result, json!({ "structuredContent": { "result": value() } }), "{name}");
            }
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
        let dropped =
            report.events.iter().any(|event| event.message.contains("were dropped: it exceeded its limit Log"));
        let breaks_rules = match contained {
            // Waiting costs nobody anything.
            Contained::Limit(limit) => *limit != LimitName::WallMs,
            Contained::Failed(_) => true,
            Contained::Refused(_) | Contained::Harmless(_) => dropped,
        };
        assert_eq!(report.broke_rules, breaks_rules, "{name}");
        assert!(report.usage.peak_memory_bytes <= 64 << 20, "{name}: {:?}", report.usage);
        assert!(report.events.len() <= 102, "{name}: {} events", report.events.len());
    }
}

fn all() -> impl Iterator<Item = &'static Attack> {
    let all =
        [abi::ATTACKS, compiling::ATTACKS, concurrent::ATTACKS, growth::ATTACKS, host::ATTACKS, installing::ATTACKS];
    all.into_iter().flatten()
}

async fn contain_all(attacks: &[Attack]) {
    let bench = Bench::new();
    for attack in attacks {
        contain(&bench, attack).await;
        bench.assert_well().await;
    }
}

#[tokio::test]
async fn what_grows_without_end_is_stopped() {
    contain_all(growth::ATTACKS).await;
}

#[tokio::test]
async fn what_breaks_the_canonical_abi_fails_alone() {
    contain_all(abi::ATTACKS).await;
}

#[tokio::test]
async fn what_abuses_the_hosts_functions_is_stopped() {
    contain_all(host::ATTACKS).await;
}

#[tokio::test]
async fn what_attacks_while_it_is_installed_is_refused() {
    contain_all(installing::ATTACKS).await;
}

#[tokio::test]
async fn what_overwhelms_the_compiler_is_refused() {
    contain_all(compiling::ATTACKS).await;
}

#[tokio::test]
async fn what_abuses_streams_futures_and_subtasks_is_stopped() {
    contain_all(concurrent::ATTACKS).await;
}

#[tokio::test]
async fn what_stays_within_its_limits_works() {
    contain_all(within::HARMLESS).await;
}

/// As many calls as may run at once find the stacks that they need, and leave them behind.
#[tokio::test]
async fn calls_of_composed_components_do_not_take_each_others_stacks() {
    let bench = Bench::new();
    let composed = Source::Text(|| concurrent::composed(7)).bytes();
    let connector = bench.load(&composed).await.expect("it is installed");
    for _ in 0..3 {
        let call = || connector.call(Invocation::tool("run", "{}"));
        let (first, second) = tokio::join!(call(), call());
        for report in [first, second] {
            assert_eq!(succeeded(&report), &json!({ "structuredContent": { "result": 7 } }));
        }
    }
}

#[tokio::test]
async fn arguments_may_be_as_long_as_their_limit_and_not_longer() {
    let bench = Bench::new();
    let connector = bench.load(&component::TAKES_TEXT.bytes()).await.expect("it is installed");
    let call = async |bytes: usize| {
        let empty = json!({ "text": "" }).to_string().len();
        let arguments = json!({ "text": "x".repeat(bytes - empty) }).to_string();
        connector.call(Invocation::tool("take", arguments)).await
    };
    succeeded(&call(1 << 20).await);
    let Outcome::Failed(error) = call((1 << 20) + 1).await.outcome else { panic!("it is taken") };
    let details = json!({ "limit": "argument_bytes", "value": 1 << 20, "reached": (1 << 20) + 1 });
    assert_eq!(error.details, Some(details));
}

/// What one call leaves in its memory is nothing to the next one in the same slot of the pool.
#[tokio::test]
async fn no_call_reads_what_another_left_behind() {
    let bench = Bench::new();
    let connector = bench.load(&component::LEFTOVERS.bytes()).await.expect("it is installed");
    for _ in 0..10 {
        succeeded(&connector.call(Invocation::tool("write", "{}")).await);
        let report = connector.call(Invocation::tool("read", "{}")).await;
        assert_eq!(succeeded(&report), &json!({ "structuredContent": { "result": 0 } }));
    }
}

/// A guest that computes for long is not what others wait for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_long_call_leaves_its_callers_thread() {
    use crate::sandbox::meter::thread_cpu;

    let bench = Bench::new();
    let attack = growth::ATTACKS.iter().find(|attack| attack.name == "loop_without_end").expect("there is one");
    let connector = bench.load(&attack.component.bytes()).await.expect("it is installed");
    let before = thread_cpu();
    let report = connector.call(Invocation::tool("run", "{}")).await;
    let here = (thread_cpu() - before).as_micros();
    assert!(report.usage.cpu_us >= 200_000, "{report:?}");
    assert!(here < 100_000, "{here} of {} us were spent on the caller's thread", report.usage.cpu_us);
}

#[test]
fn every_attack_is_listed_with_its_own_name() {
    let listed = include_str!("../../../../tests/HOSTILE.md");
    let mut names: Vec<_> = all().map(|attack| attack.name).collect();
    names.extend(["oversized_arguments", "pool_leftovers", "branches_without_end"]);
    for (index, name) in names.iter().enumerate() {
        assert!(listed.contains(&format!("| `{name}` |")), "{name} is not in tests/HOSTILE.md");
        assert!(!names[..index].contains(name), "{name} stands twice");
    }
    assert!(names.len() >= 25, "{} attacks", names.len());
}
