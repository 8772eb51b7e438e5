//! Application variables, and what each component sees of them.
//!
//! Values never change while the runtime runs, but for those that are live, so they are looked up once, at start-up, where a
//! missing one can still be refused. All of them are held as secrets: whether one is marked `secret` is the manifest's opinion.

use std::collections::BTreeMap;
use std::path::Path;

use bulkhead_kernel::Secret;

use super::config::LiveVariable;
use super::error::EdgeError;
use super::manifest::Variable;
use super::template::Template;

/// The values of the application's variables.
#[derive(Debug, Default)]
pub(crate) struct ApplicationVariables(BTreeMap<String, Secret>);

impl ApplicationVariables {
    /// Finds a value for every variable: the embedder's, the environment's, the default.
    pub(crate) fn resolve(
        declared: &BTreeMap<String, Variable>,
        given: &BTreeMap<String, Secret>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, EdgeError> {
        let mut values = BTreeMap::new();
        for (name, variable) in declared {
            let value = given
                .get(name)
                .cloned()
                .or_else(|| environment(&format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())).map(Secret::new))
                .or_else(|| variable.default.clone().map(Secret::new))
                .ok_or_else(|| EdgeError::MissingVariable { name: name.clone() })?;
            values.insert(name.clone(), value);
        }
        Ok(Self(values))
    }

    /// A text with its variables replaced.
    pub(crate) fn render(&self, template: &Template) -> Result<String, String> {
        template.render(|name| self.0.get(name).map(Secret::expose))
    }

    /// What a component asks for with `spin:variables`, from its `[component.x.variables]`.
    pub(crate) fn of_component(
        &self,
        manifest: &Path,
        component: &str,
        templates: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Secret>, EdgeError> {
        let place = || format!("[component.{component}.variables]");
        let refuse = |reason| EdgeError::Manifest { path: manifest.to_owned(), place: place(), reason };
        let mut values = BTreeMap::new();
        for (name, text) in templates {
            check_name(name).map_err(refuse)?;
            let value = Template::parse(text).and_then(|template| self.render(&template)).map_err(refuse)?;
            values.insert(name.clone(), Secret::new(value));
        }
        Ok(values)
    }
}

/// What of a component's variables is live: those that are one of these and nothing else.
pub(crate) fn live_of_component(
    live: &BTreeMap<String, LiveVariable>,
    templates: &BTreeMap<String, String>,
) -> BTreeMap<String, LiveVariable> {
    let found = templates.iter().filter_map(|(name, text)| {
        let template = Template::parse(text).ok()?;
        Some((name.clone(), live.get(template.as_variable()?)?.clone()))
    });
    found.collect()
}

/// Checks a variable's name by Spin's rules, so that every name has exactly one environment variable.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let reason = if name.is_empty() {
        "must not be empty"
    } else if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        "may only have lower-case letters, digits and underscores"
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        "must start with a lower-case letter"
    } else if name.ends_with('_') {
        "must end with a letter or digit"
    } else if name.contains("__") {
        "must not have two underscores in a row"
    } else {
        return Ok(());
    };
    Err(format!("the variable name `{name}` {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(default: Option<&str>) -> Variable {
        Variable { default: default.map(str::to_owned) }
    }

    fn resolve(given: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<ApplicationVariables, EdgeError> {
        let declared =
            BTreeMap::from([("url".to_owned(), variable(Some("default"))), ("token".to_owned(), variable(None))]);
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned()))).collect();
        ApplicationVariables::resolve(&declared, &given, |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn rendered(variables: &ApplicationVariables, text: &str) -> String {
        variables.render(&Template::parse(text).expect("parses")).expect("renders")
    }

    #[test]
    fn the_embedder_wins_over_the_environment_and_that_over_the_default() {
        let both = resolve(&[("url", "given")], &[("SPIN_VARIABLE_URL", "env"), ("SPIN_VARIABLE_TOKEN", "t")]);
        assert_eq!(rendered(&both.expect("resolves"), "{{ url }} {{ token }}"), "given t");
        let environment = resolve(&[("token", "t")], &[("SPIN_VARIABLE_URL", "env")]).expect("resolves");
        assert_eq!(rendered(&environment, "{{ url }}"), "env");
        assert_eq!(rendered(&resolve(&[("token", "t")], &[]).expect("resolves"), "{{ url }}"), "default");
    }

    #[test]
    fn a_required_variable_without_a_value_is_named() {
        let error = resolve(&[], &[]).expect_err("token has no value").to_string();
        assert!(error.contains("`token`") && error.contains("SPIN_VARIABLE_TOKEN"), "{error}");
    }

    #[test]
    fn values_are_never_shown() {
        let variables = resolve(&[("token", "hunter2")], &[]).expect("resolves");
        assert!(!format!("{variables:?}").contains("hunter2"));
    }

    #[test]
    fn names_follow_spins_rules() {
        for good in ["a", "a_b", "a1"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "1a", "a_", "a__b", "a-b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
    #[test]
    fn what_is_one_live_variable_is_live() {
        let live = BTreeMap::from([("key".to_owned(), LiveVariable::new(|| Secret::new("now".to_owned())))]);
        let templates = [("a", "{{ key }}"), ("b", "{{key}}"), ("c", "x{{ key }}"), ("d", "{{ other }}"), ("e", "key")];
        let templates = templates.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let found = live_of_component(&live, &templates);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found["a"].value().expose(), "now");
    }
}
