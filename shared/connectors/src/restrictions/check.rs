//! What can't be meant: whoever writes it would believe that it is granted.

use bulkhead_kernel::Fault;
use serde_json::Value;

use super::model::{AllowedOutbound, Restrictions};
use crate::grants::{Place, RequestedAccess, RequestedGrants};
use crate::limits::Limits;
use crate::model::Tool;

/// The longest restrictions, in bytes of JSON: they are read at every call.
const MAX_BYTES: usize = 16 << 10;

impl Restrictions {
    /// Every fault: more than is read at every call, a tool that the connector does not have, a request that its manifest does not ask for, a limit that is
    /// higher than the manifest's.
    pub(super) fn check(&self, tools: &[Tool], granted: &RequestedGrants) -> Vec<Fault> {
        let mut faults = Vec::new();
        let length = self.json().len();
        if length > MAX_BYTES {
            faults.push(Fault::new("", format!("has {length} bytes as JSON; {MAX_BYTES} are allowed")));
        }
        for (index, tool) in self.tools.iter().flatten().enumerate() {
            if !tools.iter().any(|known| known.name == *tool) {
                faults.push(Fault::new(format!("/tools/{index}"), "is not a tool of this connector"));
            }
        }
        for (index, allowed) in self.outbound.iter().flatten().enumerate() {
            check_outbound(allowed, granted, &format!("/outbound/{index}"), &mut faults);
        }
        let set = serde_json::to_value(self.limits).unwrap_or_default();
        for limit in self.limits.over(Limits::default()).amounts() {
            let default = || Limits::default().amounts().into_iter().find(|own| own.name == limit.name);
            let own = granted.limits.get(limit.name).copied().or_else(|| default().map(|own| own.amount));
            if set.get(limit.key).is_some_and(Value::is_number) && own.is_some_and(|own| limit.amount > own) {
                let own = own.unwrap_or_default();
                let message = format!("is higher than the connector's own limit {} of {own}", limit.name);
                faults.push(Fault::new(format!("/limits/{}", limit.key), message));
            }
        }
        faults
    }
}

const NOT_GRANTED: &str = "is nothing that the connector's manifest asks for; a restriction can only take away";

fn check_outbound(allowed: &AllowedOutbound, granted: &RequestedGrants, at: &str, faults: &mut Vec<Fault>) {
    let mut fault = |place: String, message: &str| faults.push(Fault::new(format!("{at}/{place}"), message));
    let setting = |name: &str| {
        granted.outbound.iter().find_map(|access| match &access.to {
            Place::Setting { name: known, default } if known == name => Some(default.as_deref()),
            _ => None,
        })
    };
    let to = match Place::of(&allowed.host, setting) {
        Ok(to) => to,
        Err(error) => return fault("host".to_owned(), &error.to_string()),
    };
    // Each of these alone, so that every fault has its place.
    let each = |methods: &[String], path: Option<&String>| {
        let paths = path.map(std::slice::from_ref);
        RequestedAccess::each(&to, methods, paths).map_err(|error| error.to_string())
    };
    let there: Vec<_> = granted.outbound.iter().filter(|access| access.to.covers(&to)).collect();
    if there.is_empty() {
        return fault("host".to_owned(), NOT_GRANTED);
    }
    for (index, method) in allowed.methods.iter().enumerate() {
        match each(std::slice::from_ref(method), None) {
            Err(message) => fault(format!("methods/{index}"), &message),
            Ok(wanted) if !wanted.iter().all(|one| there.iter().any(|access| access.method == one.method)) => {
                fault(format!("methods/{index}"), NOT_GRANTED);
            }
            Ok(_) => {}
        }
    }
    for (index, path) in allowed.paths.iter().flatten().enumerate() {
        match each(&there.iter().map(|access| access.method.clone()).collect::<Vec<_>>(), Some(path)) {
            Err(message) => fault(format!("paths/{index}"), &message),
            Ok(wanted) => {
                let named = |one: &&RequestedAccess| allowed.methods.contains(&one.method);
                let covered = |one: &RequestedAccess| there.iter().any(|access| access.covers(one));
                if !wanted.iter().filter(named).any(covered) {
                    fault(format!("paths/{index}"), NOT_GRANTED);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Annotations;

    fn granted() -> RequestedGrants {
        let access = |to: Value, method: &str, path: &str| json!({ "to": to, "method": method, "path": path });
        let host = |host: &str| json!({ "host": host });
        let setting = json!({ "setting": { "name": "base_url", "default": null } });
        serde_json::from_value(json!({
            "outbound": [
                access(host("*.example.com:443"), "GET", "/v1/**"),
                access(host("*.example.com:443"), "POST", "/v1/things"),
                access(host("logs.example.org:8443"), "GET", "/**"),
                access(setting, "GET", "/api/**"),
            ],
            "credentials": [], "schemes": [], "limits": { "memory_bytes": 16 << 20 },
        }))
        .expect("grants")
    }

    fn tools() -> Vec<Tool> {
        let annotations = Annotations {
            read_only_hint: true,
            destructive_hint: false,
            idempotent_hint: true,
            open_world_hint: false,
        };
        let tool = |name: &str| Tool {
            name: name.parse().expect("a name"),
            title: name.to_owned(),
            description: String::new(),
            input_schema: json!({}),
            output_schema: None,
            annotations,
        };
        vec![tool("get"), tool("put")]
    }

    fn faults(restrictions: Value) -> Vec<String> {
        let restrictions: Restrictions = serde_json::from_value(restrictions).expect("restrictions");
        restrictions.check(&tools(), &granted()).into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn less_of_everything_has_no_fault() {
        let nothing: [String; 0] = [];
        for less in [
            json!({}),
            json!({ "tools": ["get"], "outbound": [], "limits": { "memory_mib": 16, "cpu_ms": 1 } }),
            json!({ "outbound": [
                { "host": "EU.example.com", "methods": ["GET", "POST"], "paths": ["/v1/things", "/v1/a/**"] },
                { "host": "*.example.com", "methods": ["POST"] },
                { "host": "logs.example.org:8443", "methods": ["GET"], "paths": ["/**"] },
                { "host": "{{ settings.base_url }}", "methods": ["GET"], "paths": ["/api/x"] },
            ] }),
        ] {
            assert_eq!(faults(less.clone()), nothing, "{less}");
        }
    }

    #[test]
    fn more_of_anything_is_a_fault_at_its_place() {
        let one = |host: &str, methods: Value, paths: Value| {
            faults(json!({ "outbound": [{ "host": host, "methods": methods, "paths": paths }] }))
        };
        let host = ["/outbound/0/host"];
        for other in ["evil.test", "example.com", "a.b.example.com", "eu.example.com:8443", "https://x", "*"] {
            assert_eq!(one(other, json!(["GET"]), json!(null)), host, "{other}");
        }
        assert_eq!(one("{{ settings.other }}", json!(["GET"]), json!(null)), host);
        assert_eq!(
            one("eu.example.com", json!(["GET", "DELETE", "TRACE"]), json!(null)),
            ["/outbound/0/methods/1", "/outbound/0/methods/2",]
        );
        assert_eq!(
            one("eu.example.com", json!(["GET"]), json!(["/v1/a", "/v2", "v1", "/**"])),
            ["/outbound/0/paths/1", "/outbound/0/paths/2", "/outbound/0/paths/3",]
        );
        // POST alone was granted less than GET.
        assert_eq!(one("eu.example.com", json!(["POST"]), json!(["/v1/a"])), ["/outbound/0/paths/0"]);
        let limits = json!({ "memory_mib": 17, "cpu_ms": 2001, "log_events": 100, "sent_kib": 99_999 });
        assert_eq!(faults(json!({ "limits": limits })), ["/limits/memory_mib", "/limits/cpu_ms", "/limits/sent_kib"]);
        assert_eq!(faults(json!({ "tools": ["get", "delete"] })), ["/tools/1"]);
    }

    #[test]
    fn a_limit_that_no_number_here_can_hold_is_higher() {
        assert_eq!(faults(json!({ "limits": { "memory_mib": u32::MAX } })), ["/limits/memory_mib"]);
    }
}
