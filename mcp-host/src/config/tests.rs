use std::collections::BTreeSet;

use super::*;

const EXAMPLE: &str = include_str!("../../../bulkhead.example.toml");

#[test]
fn the_example_documents_the_defaults() {
    let example: Config = toml::from_str(EXAMPLE).expect("the example is a configuration");
    assert_eq!(example, Config::default());
}

#[test]
fn the_example_documents_every_setting() {
    let limits = ManifestLimits {
        memory_mib: Some(1),
        table_elements: Some(1),
        core_instances: Some(1),
        resources: Some(1),
        hostcall_kib: Some(1),
        random_kib: Some(1),
        argument_kib: Some(1),
        stderr_kib: Some(1),
        cpu_ms: Some(1),
        wall_clock_ms: Some(1),
        result_kib: Some(1),
        outbound_requests: Some(1),
        requests_in_flight: Some(1),
        received_kib: Some(1),
        decoded_ratio: Some(1),
        response_header_kib: Some(1),
        sent_kib: Some(1),
        connect_ms: Some(1),
        first_byte_ms: Some(1),
        between_bytes_ms: Some(1),
        log_events: Some(1),
        log_message_kib: Some(1),
        log_kib: Some(1),
    };
    let narrowing = Narrowing { hosts: Some(vec![]), methods: Some(vec![]), paths: Some(vec![]) };
    let connector = ConnectorConfig { limits, outbound: narrowing, settings: BTreeMap::new() };
    let oauth = "issuer = \"https://x\"\naudience = \"\"\nwrite_scope = \"\"\nsubjects = { 248289761001 = \"\" }";
    let oauth = toml::from_str(oauth).expect("settings");
    let provider = "[[providers]]\nslug = \"x\"\nname = \"X\"\nkind = \"oidc\"\nissuer = \"x\"\nurl = \"x\"\n\
                    client_id = \"x\"\nclient_secret_file = \"x\"";
    let everything = Config {
        database_url: Some(String::new()),
        public_url: Some(String::new()),
        vault: VaultConfig { key_file: Some(PathBuf::new()), ..VaultConfig::default() },
        connections: ConnectionsConfig { clients_file: Some(PathBuf::new()), ..ConnectionsConfig::default() },
        outbound: OutboundConfig { ca_file: Some(PathBuf::new()), ..OutboundConfig::default() },
        oauth: Some(oauth),
        auth: toml::from_str(provider).expect("settings"),
        connectors: BTreeMap::from([("prometheus".to_owned(), connector)]),
        ..Config::default()
    };
    let text = toml::to_string(&everything).expect("a configuration is TOML");
    let documented = settings(EXAMPLE);
    for (section, key) in settings(&text) {
        let known = documented.contains(&(section, key));
        assert!(known, "bulkhead.example.toml does not document {key:?} in [{section}]");
    }
}

/// The settings that a configuration names, also in comments: the section of each and its key. A section is there with an
/// empty key too.
fn settings(text: &str) -> BTreeSet<(&str, &str)> {
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let mut found = BTreeSet::new();
    // What is commented out stands in a section that is, if there is one.
    let (mut section, mut commented) = ("", "");
    for line in text.lines() {
        let (line, is_comment) = line.strip_prefix("# ").map_or((line, false), |line| (line, true));
        let header = line.strip_prefix('[').and_then(|rest| rest.trim_start_matches('[').strip_suffix(']'));
        if let Some(name) = header.map(|name| name.trim_end_matches(']')).filter(|name| is_name(name)) {
            commented = name;
            section = if is_comment { section } else { name };
            found.insert((name, ""));
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| is_name(key)) {
            found.insert((if is_comment { commented } else { section }, key));
        }
    }
    found
}

#[test]
fn a_setting_is_documented_in_its_own_section() {
    let found =
        settings("a = 1\n# b = 2, in prose or not\n[c]\nd = 1\n# [[c.e]]\n# f = 1\ng = 1\n# See [h] or x = 2.\n");
    let expected = [("", "a"), ("", "b"), ("c", ""), ("c", "d"), ("c.e", ""), ("c.e", "f"), ("c", "g")];
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let error = toml::from_str::<Config>("[jobs]\nlease = 3").expect_err("refused").to_string();
    assert!(error.contains("lease"), "{error}");
}

#[test]
fn a_limit_with_which_nothing_would_work_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("bulkhead.toml");
    let read = |text: &str| {
        std::fs::write(&file, text).expect("writes");
        Config::read(Some(&file)).map_err(|error| error.to_string())
    };
    let error = read("[jobs]\nworkers = 0\n[edge]\ncpu_ms = 0").expect_err("refused");
    assert!(error.ends_with("jobs.workers, edge.cpu_ms must be at least 1"), "{error}");
    let error = read("[outbound]\nconcurrent_lookups = 0").expect_err("refused");
    assert!(error.ends_with("outbound.concurrent_lookups must be at least 1"), "{error}");
    let error = read("[oauth]\nissuer = \"https://x\"\nfetch_ms = 0").expect_err("refused");
    assert!(error.ends_with("oauth.fetch_ms must be at least 1"), "{error}");
    let error = read("[oauth]\nissuer = \"https://x\"\nscopes = []").expect_err("refused");
    assert!(error.contains("oauth.scopes"), "{error}");
    assert_eq!(read("[jobs]\nworkers = 1\n[edge]\ncpu_ms = 1").map(|config| config.edge.cpu_ms), Ok(1));
}

#[test]
fn every_setting_of_the_edge_runtime_is_a_limit_of_it() {
    let text = "[edge]\nmemory_mib = 1\nrequest_ms = 2\ncpu_ms = 3\nmax_body_bytes = 4\nconcurrent_requests = 5\n\
                queue_ms = 6\nrequests_per_instance = 7\nconcurrent_requests_per_instance = 8\nidle_instance_ms = 9\n\
                host_result_bytes = 10\nhost_handles = 11\nlog_line_bytes = 12\nlog_lines = 13\n\
                outbound_connect_ms = 14\noutbound_response_ms = 15\npostgres_connections = 16";
    let limits = toml::from_str::<Config>(text).expect("a configuration").edge.limits();
    let expected = EdgeLimits {
        memory_bytes: 1 << 20,
        request_timeout: Duration::from_millis(2),
        cpu_time: Duration::from_millis(3),
        request_body_bytes: 4,
        concurrent_requests: 5,
        queue_timeout: Duration::from_millis(6),
        requests_per_instance: 7,
        concurrent_requests_per_instance: 8,
        idle_instance_timeout: Duration::from_millis(9),
        host_result_bytes: 10,
        host_handles: 11,
        log_line_bytes: 12,
        log_lines: 13,
        outbound_connect_timeout: Duration::from_millis(14),
        outbound_response_timeout: Duration::from_millis(15),
        postgres_connections: 16,
    };
    assert_eq!(limits, expected);
}

#[test]
fn a_connectors_settings_stand_beside_its_limits() {
    let text = "[connectors.prometheus]\nbase_url = \"http://x\"\nlimits = { cpu_ms = 5 }";
    let config: Config = toml::from_str(text).expect("a configuration");
    let operator = config.connectors["prometheus"].operator();
    assert_eq!(operator.settings["base_url"], "http://x");
    assert_eq!(operator.limits.cpu_ms, Some(5));
}
