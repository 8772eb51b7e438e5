//! Texts with `{{ variable }}` in them, as Spin writes them in component variables and allowed hosts.

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    /// Parses a text. The error is a sentence about what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some(start) = rest.find("{{") else {
                parts.push(Part::Literal(rest.to_owned()));
                break;
            };
            if start > 0 {
                parts.push(Part::Literal(rest[..start].to_owned()));
            }
            let inner = &rest[start + 2..];
            let end = inner.find("}}").ok_or_else(|| format!("`{text}` opens `{{{{` and does not close it"))?;
            parts.push(Part::Variable(inner[..end].trim().to_owned()));
            rest = &inner[end + 2..];
        }
        Ok(Self(parts))
    }

    /// The variable that it is, when it is nothing else.
    pub(crate) fn as_variable(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Variable(name)] => Some(name),
            _ => None,
        }
    }

    /// Whether it names no variable.
    pub(crate) fn is_literal(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// The text with each variable replaced. The error names the first variable that `value_of` does not know.
    pub(crate) fn render<'a>(&'a self, value_of: impl Fn(&str) -> Option<&'a str>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name) => {
                    text.push_str(value_of(name).ok_or_else(|| format!("no variable `{name}` in [variables]"))?);
                }
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> Result<String, String> {
        Template::parse(text)?.render(|name| (name == "host").then_some("example.org"))
    }

    #[test]
    fn variables_are_replaced_and_everything_else_is_kept() {
        assert_eq!(render("https://{{ host }}:443").as_deref(), Ok("https://example.org:443"));
        assert_eq!(render("{{host}}{{ host }}").as_deref(), Ok("example.orgexample.org"));
        assert_eq!(render("plain }} text").as_deref(), Ok("plain }} text"));
        assert_eq!(render("").as_deref(), Ok(""));
        assert!(Template::parse("plain").expect("parses").is_literal());
        assert!(!Template::parse("{{ host }}").expect("parses").is_literal());
    }

    #[test]
    fn an_open_brace_and_an_unknown_variable_are_refused() {
        assert!(render("{{ host").expect_err("not closed").contains("does not close"));
        assert!(render("{{ port }}").expect_err("unknown").contains("`port`"));
    }
}
