//! Parameters of OAuth's requests, in a query or a form (RFC 6749, appendix B).

use crate::error::{Code, OAuthError};

/// A request's parameters. Unknown ones are ignored, as section 3.1 says, and so are those without a value.
#[derive(Clone)]
pub struct Parameters(Vec<(String, String)>);

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There are codes, tokens and secrets among the values.
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Parameters {
    /// Reads a query or a form.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// A parameter that may be given once.
    ///
    /// # Errors
    /// `invalid_request` when it is given twice.
    pub fn optional(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(OAuthError::new(Code::InvalidRequest, format!("{} is given more than once", printable(name))));
        }
        Ok(first)
    }

    /// A parameter that must be given once.
    ///
    /// # Errors
    /// `invalid_request` when it is missing or given twice.
    pub fn required(&self, name: &str) -> Result<&str, OAuthError> {
        let missing = || OAuthError::new(Code::InvalidRequest, format!("{} is missing", printable(name)));
        self.optional(name)?.ok_or_else(missing)
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Names are ours, so this changes nothing; a description must not become anything else either way.
fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_given_once_or_not_and_without_a_value_is_not() {
        let parameters = Parameters::parse(b"a=1&b=2&b=3&c=&d=x+y%2F&&e");
        assert_eq!(parameters.required("a"), Ok("1"));
        assert_eq!(parameters.required("b").map_err(|error| error.code), Err(Code::InvalidRequest));
        assert_eq!(parameters.all("b").collect::<Vec<_>>(), ["2", "3"]);
        for absent in ["c", "e", "z"] {
            assert_eq!(parameters.optional(absent), Ok(None));
            assert!(parameters.required(absent).is_err());
        }
        assert_eq!(parameters.optional("d"), Ok(Some("x y/")));
        assert_eq!(format!("{parameters:?}"), r#"["a", "b", "b", "d"]"#);
    }
}
