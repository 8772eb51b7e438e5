//! The toolbox connector: tools that need no network.
//!
//! What an agent otherwise does badly in its head: filter JSON ([`jq`]), compare texts ([`diff`]), order versions
//! ([`semver_compare`]), find when a schedule fires ([`cron_next`]), convert times ([`convert_time`]). To add a tool:
//! a file like the ones here, and its name in the list below.

pub mod convert_time;
pub mod cron_next;
pub mod diff;
pub mod jq;
pub mod semver_compare;
mod time_zone;

bulkhead_connector_kit::export_connector! {
    tools: [
        jq::Jq,
        diff::Diff,
        semver_compare::SemverCompare,
        cron_next::CronNext,
        convert_time::ConvertTime,
    ],
    warm_up: [jq::warm_up, time_zone::warm_up],
}

#[cfg(test)]
mod tests {
    use super::CONNECTOR;

    #[test]
    fn every_tool_is_listed_with_closed_input_and_object_output() {
        let names: Vec<_> = CONNECTOR.describe().iter().map(|tool| tool.name).collect();
        assert_eq!(names, ["jq", "diff", "semver_compare", "cron_next", "convert_time"]);
        for tool in CONNECTOR.describe() {
            let input: serde_json::Value = serde_json::from_str(&tool.input_schema).expect("a schema is JSON");
            let output: serde_json::Value =
                serde_json::from_str(tool.output_schema.as_deref().expect("an output schema"))
                    .expect("a schema is JSON");
            assert_eq!(input["additionalProperties"], false, "{}", tool.name);
            assert_eq!((&input["type"], &output["type"]), (&"object".into(), &"object".into()), "{}", tool.name);
            for (name, property) in input["properties"].as_object().expect("an input has properties") {
                assert!(property["description"].is_string(), "{}: {name} is not described", tool.name);
            }
        }
    }
}
