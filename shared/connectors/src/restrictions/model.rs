//! What can be taken away.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::grants::{Grant, Grants, setting_of};
use crate::limits::{Limits, ManifestLimits};
use crate::model::ToolName;

/// What is left of a connector to an organisation. What is absent takes nothing away; an empty list leaves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Restrictions {
    /// The only tools that are listed and can be called. Prompts and resources are no tools, and stay; the other two
    /// members hold for them as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolName>>,
    /// The only requests that it may send, among those that it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound: Option<Vec<AllowedOutbound>>,
    /// Lower limits, in the units of a manifest.
    #[serde(default)]
    pub limits: ManifestLimits,
}

/// Requests that are left, as a manifest's `[[outbound]]` has them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedOutbound {
    /// `host` or `host:port`, the first label may be `*`; or `{{ settings.NAME }}` where the manifest says so.
    pub host: String,
    /// HTTP methods.
    pub methods: Vec<String>,
    /// Paths, below the path of the setting's URL where the host is a setting. When absent, every path that was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
}

impl Restrictions {
    /// Whether the tool may be called.
    #[must_use]
    pub fn allow_tool(&self, tool: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.iter().any(|allowed| allowed.as_str() == tool))
    }

    /// What is left of the limits: no limit gets higher.
    #[must_use]
    pub fn limits(&self, granted: Limits) -> Limits {
        self.limits.over(granted).lowest(granted)
    }

    /// The requests that are left, when these are not all that were granted. A request has to be granted besides.
    /// `settings` has the values of the connector's settings; an entry whose setting has none leaves nothing, and so does
    /// one that can't be read, because it was written for another version of the connector.
    #[must_use]
    pub fn outbound(&self, settings: &BTreeMap<String, String>) -> Option<Grants> {
        let grant = |allowed: &AllowedOutbound| {
            let (methods, paths) = (allowed.methods.as_slice(), allowed.paths.as_deref());
            match setting_of(&allowed.host) {
                None => Grant::at_host(&allowed.host, methods, paths).ok(),
                Some(name) => Grant::at_url(settings.get(name)?, methods, paths).ok(),
            }
        };
        self.outbound.as_ref().map(|allowed| Grants::new(allowed.iter().filter_map(grant).collect()))
    }

    /// The JSON that is stored.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("plain records of strings and numbers always serialize")
    }

    /// SHA-256 of that, `sha256:` and hexadecimal.
    pub(super) fn digest(&self) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(self.json())))
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::*;

    fn read(json: serde_json::Value) -> Restrictions {
        serde_json::from_value(json).expect("restrictions")
    }

    #[test]
    fn what_is_absent_takes_nothing_away_and_what_is_empty_leaves_nothing() {
        let (absent, empty) = (read(json!({})), read(json!({ "tools": [], "outbound": [] })));
        assert!(absent.allow_tool("jq") && absent.outbound(&BTreeMap::new()).is_none());
        assert!(!empty.allow_tool("jq"));
        let nothing = empty.outbound(&BTreeMap::new()).expect("is restricted");
        assert!(nothing.allow(&Method::GET, &"https://a.example.com/".parse().expect("a URI")).is_none());
        assert_eq!(absent.limits(Limits::default()), Limits::default());
        assert_ne!(absent.digest(), empty.digest());
    }

    #[test]
    fn a_setting_means_where_it_leads_on_this_host() {
        let restrictions = read(json!({ "outbound": [
            { "host": "{{ settings.url }}", "methods": ["GET"], "paths": ["/v1/**"] },
            { "host": "{{ settings.other }}", "methods": ["GET"] },
        ] }));
        let settings = BTreeMap::from([("url".to_owned(), "http://127.0.0.1:9090/up".to_owned())]);
        let left = restrictions.outbound(&settings).expect("is restricted");
        let allowed = |uri: &str| left.allow(&Method::GET, &uri.parse().expect("a URI")).is_some();
        assert!(allowed("http://127.0.0.1:9090/up/v1/query"));
        assert!(!allowed("http://127.0.0.1:9090/v1/query") && !allowed("http://127.0.0.1:9090/up/v2"));
    }

    #[test]
    fn no_limit_gets_higher() {
        let granted = Limits::default();
        let lower = read(json!({ "limits": { "memory_mib": 1, "cpu_ms": 60_000 } })).limits(granted);
        assert_eq!((lower.memory_bytes, lower.cpu_time), (1 << 20, granted.cpu_time));
        assert_eq!(Limits { memory_bytes: granted.memory_bytes, ..lower }, granted);
    }
}
