//! What the manifest grants is what the connector sends, no less and no more.

use bulkhead_connectors::grants::{Grant, Grants};
use http::{Method, Uri};
use serde_json::Value;

use super::description::REQUESTS;

const API: &str = "https://api.github.com";
/// Where a repository is, and to where the address of a renamed one redirects. What writes is not sent on.
const PLACES: [(&str, &[&str]); 2] =
    [("/repos/octocat/Hello-World", &["GET", "POST"]), ("/repositories/1296269", &["GET"])];

/// Of each grant at the API, methods and paths.
fn granted() -> Vec<(Vec<String>, Vec<String>)> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors/github/connector.toml");
    let manifest = std::fs::read_to_string(manifest).expect("the manifest is there");
    let manifest: Value = toml::from_str(&manifest).expect("the manifest is TOML");
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    let outbound = manifest["outbound"].as_array().expect("there are grants").iter();
    let at_api = outbound.filter(|grant| grant["host"] == "{{ settings.base_url }}");
    at_api.map(|grant| (texts(&grant["methods"]), texts(&grant["paths"]))).collect()
}

/// Every request that the connector sends.
fn sent() -> Vec<(Method, Uri)> {
    let filled = |path: &str| {
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { "7" } else { segment });
        segments.collect::<Vec<_>>().join("/")
    };
    let at = |(place, methods): (&'static str, &'static [&str])| {
        let requests = REQUESTS.into_iter().filter(|(method, _)| methods.contains(method));
        requests.map(move |(method, path)| {
            let address = format!("{API}{place}{}", filled(path));
            (method.parse().expect("a method"), address.parse().expect("an address"))
        })
    };
    PLACES.into_iter().flat_map(at).collect()
}

#[test]
fn every_request_is_granted() {
    let granted = granted().into_iter().map(|(methods, paths)| Grant::at_url(API, &methods, Some(&paths)));
    let grants = Grants::new(granted.collect::<Result<_, _>>().expect("they are grants"));
    for (method, address) in sent() {
        assert!(grants.allow(&method, &address).is_some(), "{method} {address}");
    }
}

#[test]
fn nothing_is_granted_that_is_never_sent() {
    let sent = sent();
    for (methods, paths) in granted() {
        for (method, path) in methods.iter().flat_map(|method| paths.iter().map(move |path| (method, path))) {
            let grant = Grant::at_url(API, std::slice::from_ref(method), Some(std::slice::from_ref(path)));
            let grants = Grants::new(vec![grant.expect("it is a grant")]);
            assert!(sent.iter().any(|(method, address)| grants.allow(method, address).is_some()), "{method} {path}");
        }
    }
}
