use super::*;
use crate::sandbox::Limits;

const GOOD: &str = r#"
    slug = "demo"
    name = "Demo"
    version = "1.0.0"
    description = "A demo."
    auth = { type = "none" }
    [settings.base_url]
    description = "Where it is."
    type = "url"
    required = true
    [[outbound]]
    host = "{{ settings.base_url }}"
    methods = ["GET"]
    paths = ["/api/**"]
    [limits]
    memory_mib = 16
"#;

const CREDENTIAL: &str = r#"
    [[outbound]]
    host = "api.example.com"
    methods = ["GET"]
    [[credentials]]
    name = "token"
    description = "A token."
    audience = "api.example.com"
    required = true
    header = "Authorization"
    prefix = "Bearer "
"#;

fn bindings(more: &str) -> Result<Vec<CredentialBinding>, String> {
    let manifest = parse(&format!("{GOOD}{more}")).map_err(|error| error.to_string())?;
    let given = BTreeMap::from([("base_url".to_owned(), "http://127.0.0.1:9090/prefix".to_owned())]);
    manifest.credential_bindings(&given).map_err(|error| error.to_string())
}

#[test]
fn a_credential_is_bound_to_exactly_one_audience() {
    let bound = bindings(CREDENTIAL).expect("bindings");
    assert_eq!(bound[0].audience.to_string(), "https://api.example.com");
    assert!(bound[0].required);
    assert_eq!(bound[0].injection.header(), Some(&http::header::AUTHORIZATION));
    let of_setting = CREDENTIAL.replace("audience = \"api.example.com\"", "audience = \"{{ settings.base_url }}\"");
    assert_eq!(bindings(&of_setting).expect("bindings")[0].audience.to_string(), "http://127.0.0.1:9090");
    let manifest = parse(&format!("{GOOD}{of_setting}")).expect("a manifest");
    assert_eq!(manifest.credential_bindings(&BTreeMap::new()).expect("none has a value"), []);
}

#[test]
fn a_credential_that_makes_no_sense_is_refused_by_name() {
    let header = "header = \"Authorization\"\n    prefix = \"Bearer \"";
    for (from, to, expected) in [
        ("required = true", "colour = 1", "colour"),
        ("\"token\"", "\"To ken\"", "lower-case"),
        ("\"token\"", "\"to__ken\"", "lower-case"),
        ("audience = \"api.example.com\"", "audience = \"*.example.com\"", "*.example.com"),
        ("audience = \"api.example.com\"", "audience = \"https://api.example.com\"", "https://"),
        ("audience = \"api.example.com\"", "audience = \"api.example.com:8443\"", "no [[outbound]] entry"),
        ("audience = \"api.example.com\"", "audience = \"api.example.com.\"", "api.example.com."),
        ("audience = \"api.example.com\"", "audience = \"{{ settings.nothing }}\"", "nothing"),
        (header, "", "exactly one of"),
        (header, "header = \"X-A\"\nquery = \"b\"", "exactly one of"),
        (header, "query = \"b\"\nprefix = \"c\"", "exactly one of"),
        (header, "query = \"\"", "can't be sent"),
        (header, "header = \"Host\"", "can carry"),
        (header, "header = \"Content-Length\"", "can carry"),
        (header, "header = \"a b\"", "can carry"),
        (header, "header = \"X-A\"\nprefix = \"a\\nb\"", "can't be sent"),
        (header, "basic = { username = \"a:b\" }", "can't be sent"),
        (header, "basic = { username = \"{{ settings.nothing }}\" }", "nothing"),
        (header, "basic = { username = \"a\", password = \"b\" }", "password"),
    ] {
        assert!(CREDENTIAL.contains(from), "{from}");
        let error = bindings(&CREDENTIAL.replace(from, to)).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn two_credentials_for_one_place_are_refused() {
    let second = |name: &str, place: &str| {
        let more = "[[credentials]]\ndescription = \"d\"\naudience = \"api.example.com:443\"\n";
        bindings(&format!("{CREDENTIAL}{more}name = \"{name}\"\n{place}\n"))
    };
    for place in ["header = \"AUTHORIZATION\"", "basic = { username = \"me\" }"] {
        let error = second("other", place).expect_err(place);
        assert!(error.contains("\"other\"") && error.contains("\"token\""), "{error}");
    }
    assert!(second("token", "query = \"a\"").expect_err("one name").contains("two of this name"));
    assert_eq!(second("other", "query = \"a\"").expect("apart").len(), 2);
}

fn parse(text: &str) -> Result<ConnectorManifest, ManifestError> {
    ConnectorManifest::parse(text, Path::new("connector.toml"))
}

#[test]
fn a_manifest_gives_settings_grants_and_limits() {
    let manifest = parse(GOOD).expect("a manifest");
    assert_eq!(manifest.missing_settings(&BTreeMap::new()), ["base_url"]);
    let given = BTreeMap::from([("base_url".to_owned(), "http://127.0.0.1:9090/prefix".to_owned())]);
    let values = manifest.settings(&given).expect("known settings");
    assert!(manifest.missing_settings(&values).is_empty());
    let grants = manifest.grants(&given).expect("grants");
    let allowed = |method: http::Method, uri: &str| grants.allow(&method, &uri.parse().expect("a URI")).is_some();
    assert!(allowed(http::Method::GET, "http://127.0.0.1:9090/prefix/api/v1/query?query=up"));
    assert!(!allowed(http::Method::POST, "http://127.0.0.1:9090/prefix/api/v1/query"));
    assert!(!allowed(http::Method::GET, "http://127.0.0.1:9090/api/v1/query"));
    assert_eq!(manifest.limits.over(Limits::default()).memory_bytes, 16 << 20);
}

#[test]
fn what_a_component_may_reach_says_what_its_tools_may_change() {
    let hints = |methods: &str| {
        let text = GOOD.replace("[\"GET\"]", methods);
        parse(&text).expect("a manifest").plain_annotations()
    };
    assert!(hints("[\"GET\", \"HEAD\"]").read_only_hint && hints("[\"GET\"]").open_world_hint);
    assert!(!hints("[\"GET\", \"POST\"]").read_only_hint && hints("[\"DELETE\"]").destructive_hint);
    let mut closed = parse(GOOD).expect("a manifest");
    closed.outbound.clear();
    assert!(closed.plain_annotations().read_only_hint && !closed.plain_annotations().open_world_hint);
}

#[test]
fn a_setting_may_be_an_environment_variable() {
    let text = GOOD.replace("type = \"url\"", "type = \"url\"\nenv = \"BASE_URL\"");
    let manifest = parse(&text).expect("a manifest");
    assert_eq!(manifest.variables(&BTreeMap::new()).expect("variables"), []);
    let values = BTreeMap::from([("base_url".to_owned(), "http://x".to_owned())]);
    let variables = manifest.variables(&values).expect("variables");
    assert_eq!(variables, [("BASE_URL".to_owned(), "http://x".to_owned())]);
    let twice = "[settings.other]\ndescription = \"x\"\nenv = \"BASE_URL\"\n[[outbound]]";
    for wrong in [
        text.replace("BASE_URL", ""),
        text.replace("BASE_URL", "1A"),
        text.replace("BASE_URL", "A=B"),
        text.replace("[[outbound]]", twice),
    ] {
        let error = parse(&wrong).expect("a manifest").variables(&values).expect_err(&wrong).to_string();
        assert!(error.contains("env = "), "{error}");
    }
}

#[test]
fn a_default_is_reached_at_public_addresses_alone_and_by_https() {
    let with_default = |url: &str| parse(&GOOD.replace("required = true", &format!("default = \"{url}\"")));
    let manifest = with_default("https://api.example.com/v3").expect("a manifest");
    let uri = "https://api.example.com/v3/api/x".parse().expect("a URI");
    let destination = |given: &BTreeMap<String, String>| {
        manifest.grants(given).expect("grants").allow(&http::Method::GET, &uri).expect("is granted")
    };
    assert!(!destination(&BTreeMap::new()).private);
    // The same address is as private as the operator likes, once it is the operator who says so.
    let given = BTreeMap::from([("base_url".to_owned(), "https://api.example.com/v3".to_owned())]);
    assert!(destination(&given).private);

    let manifest = with_default("http://api.example.com").expect("a manifest");
    let error = manifest.grants(&BTreeMap::new()).expect_err("refused").to_string();
    assert!(error.contains("https"), "{error}");
}

#[test]
fn unknown_keys_and_settings_are_refused_by_name() {
    let error = parse(&GOOD.replace("[limits]", "[limits]\nfoo = 1")).expect_err("refused").to_string();
    assert!(error.contains("foo"), "{error}");
    let error = parse(&format!("colour = 1\n{GOOD}")).expect_err("refused").to_string();
    assert!(error.contains("colour"), "{error}");
    let manifest = parse(GOOD).expect("a manifest");
    let given = BTreeMap::from([("url".to_owned(), String::new())]);
    let error = manifest.settings(&given).expect_err("refused").to_string();
    assert!(error.contains("\"url\"") && error.contains("base_url"), "{error}");
    for value in ["localhost:9090", "ftp://localhost", "http://u:p@localhost", "http://localhost/?a=b"] {
        let given = BTreeMap::from([("base_url".to_owned(), value.to_owned())]);
        let error = manifest.settings(&given).expect_err(value).to_string();
        assert!(error.contains("base_url"), "{error}");
    }
}

/// The grants of the connector `github` are what its tools send, and nothing beside it.
#[test]
fn github_may_do_what_its_tools_do() {
    let manifest = parse(include_str!("../../../../connectors/github/connector.toml")).expect("a manifest");
    let grants = manifest.grants(&BTreeMap::new()).expect("grants");
    let allowed = |request: &str| {
        let (method, uri) = request.split_once(' ').expect("a method and an address");
        grants.allow(&method.parse().expect("a method"), &uri.parse().expect(uri)).is_some()
    };
    for granted in [
        "GET https://api.github.com/repos/octocat/Hello-World",
        "GET https://api.github.com/repos/octocat/.github/pulls?state=all",
        "GET https://api.github.com/repos/octocat/Hello-World/actions/workflows/my%20build.yml/runs",
        "GET https://api.github.com/repositories/1296269/issues",
        "POST https://api.github.com/repos/octocat/Hello-World/issues/1347/comments",
        "POST https://api.github.com/repos/octocat/Hello-World/actions/workflows/deploy.yml/dispatches",
        "GET https://results-receiver.actions.githubusercontent.com/rest/runs/9f6a3120/logs?filename=logs_1.zip&signature=x",
        "GET https://productionresultssa15.blob.core.windows.net/actions-results/184b6b90/logs/job/job-logs.txt?sig=x",
    ] {
        assert!(allowed(granted), "{granted}");
    }
    for refused in [
        "GET https://api.github.com/user",
        "GET https://api.github.com/repos/octocat/Hello-World/actions/secrets",
        "GET https://api.github.com/repos/octocat/Hello-World/contents/.env",
        "POST https://api.github.com/repos/octocat/Hello-World/forks",
        "POST https://api.github.com/repos/octocat/Hello-World/dispatches",
        "POST https://api.github.com/repositories/1296269/issues",
        "DELETE https://api.github.com/repos/octocat/Hello-World",
        "POST https://api.github.com/repos/octocat/Hello-World/issues/1%2F..%2Fforks/comments",
        "GET https://pipelines.actions.githubusercontent.com/rest/runs/x/logs",
        "GET https://results-receiver.actions.githubusercontent.com/twirp/x",
        "GET https://evil.blob.core.windows.net/actions-results/x",
        "GET https://productionresultssa1.blob.core.windows.net/other",
        "POST https://productionresultssa1.blob.core.windows.net/actions-results/x",
    ] {
        assert!(!allowed(refused), "{refused}");
    }
}
