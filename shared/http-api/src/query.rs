//! The query string: every parameter is known, given once, and has a value that makes sense, or the request is
//! refused with the names of all that are not so.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use bulkhead_kernel::PageRequest;
use bulkhead_kernel::paging::PagingError;
use http::request::Parts;
use serde::Serialize;

use crate::{Api, Kind, Problem};

/// What can be read from a query string.
pub trait FromQuery {
    /// Takes its parameters. Faults are noted in `parameters`; what is returned then is thrown away.
    fn from_query(parameters: &mut Parameters) -> Self;
}

/// For requests that take no parameters.
impl FromQuery for () {
    fn from_query(_: &mut Parameters) {}
}

/// A checked query string.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: FromQuery> FromRequestParts<Api> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: FromQuery>(query: &str) -> Result<T, Problem> {
    let mut parameters = Parameters::of(query);
    let parsed = T::from_query(&mut parameters);
    parameters.finish().map(|()| parsed)
}

/// One fault of a query string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ParameterFault {
    parameter: String,
    message: String,
}

/// A query string while it is being read.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<ParameterFault>,
}

impl Parameters {
    fn of(query: &str) -> Self {
        Self { pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect(), faults: Vec::new() }
    }

    /// A text. The empty one is refused: a filter by nothing would be mistaken for no filter.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        if value.is_empty() {
            self.fault(name, "is empty; leave it out instead");
        } else if value.contains(char::is_control) {
            self.fault(name, "has a control character");
        } else {
            return Some(value);
        }
        None
    }

    /// A value of some type; `expected` describes one, after "must be".
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.take(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.fault(name, format!("must be {expected}"));
        }
        parsed
    }

    /// Which page: `cursor` and `limit`. `K` is what the collection's cursors hold.
    pub fn page<K: FromStr>(&mut self) -> PageRequest {
        let (cursor, limit) = (self.take("cursor"), self.take("limit"));
        // Checked one by one, so that both are named when both are wrong.
        if let Err(error) = PageRequest::parse(None, limit.as_deref()) {
            self.fault("limit", error.to_string());
        }
        let page = PageRequest::parse(cursor.as_deref(), None);
        let ours = |page: &PageRequest| page.after.as_ref().is_none_or(|cursor| cursor.key().parse::<K>().is_ok());
        if !page.as_ref().is_ok_and(ours) {
            self.fault("cursor", PagingError::InvalidCursor.to_string());
        }
        PageRequest::parse(cursor.as_deref(), limit.as_deref()).unwrap_or_default()
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let mut values = self.pairs.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let first = values.next()?;
        if values.next().is_some() {
            drop(values);
            self.fault(name, "is given more than once");
            return None;
        }
        Some(first)
    }

    fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(ParameterFault { parameter: name.chars().take(80).collect(), message: message.into() });
    }

    fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.fault(&name, "is not a parameter of this request");
        }
        if self.faults.is_empty() {
            return Ok(());
        }
        let named: Vec<_> = self.faults.iter().map(|fault| format!("{} {}", fault.parameter, fault.message)).collect();
        Err(Problem::new(Kind::InvalidParameters, named.join("; ")).with_member("faults", self.faults))
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_kernel::Cursor;

    use super::*;

    #[derive(Debug)]
    struct Sample {
        name: Option<String>,
        number: Option<u8>,
        page: PageRequest,
    }

    impl FromQuery for Sample {
        fn from_query(parameters: &mut Parameters) -> Self {
            Self {
                name: parameters.text("name"),
                number: parameters.parsed("number", "a small number"),
                page: parameters.page::<i64>(),
            }
        }
    }

    /// The faulty parameters of a query, in the order of the faults.
    fn faulty(query: &str) -> Vec<String> {
        let problem = parse::<Sample>(query).expect_err(query);
        assert_eq!(problem.kind(), Kind::InvalidParameters);
        let text = format!("{problem:?}");
        ["name", "number", "cursor", "limit", "other"]
            .iter()
            .filter(|name| text.contains(&format!("\"parameter\": String(\"{name}\")")))
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn known_parameters_are_read() {
        let cursor = Cursor::after("7").encode();
        let sample: Sample = parse(&format!("name=a+b%2Fc&number=7&limit=3&cursor={cursor}")).expect("parses");
        assert_eq!((sample.name.as_deref(), sample.number, sample.page.limit), (Some("a b/c"), Some(7), 3));
        assert_eq!(sample.page.after, Some(Cursor::after("7")));
        assert_eq!(parse::<Sample>("").expect("parses").page.limit, PageRequest::DEFAULT_LIMIT);
    }

    #[test]
    fn every_fault_is_named() {
        assert_eq!(faulty("name="), ["name"]);
        assert_eq!(faulty("name=a%00b"), ["name"]);
        assert_eq!(faulty("name=a&name=a"), ["name"]);
        assert_eq!(faulty("number=300"), ["number"]);
        assert_eq!(faulty("other=1"), ["other"]);
        assert_eq!(faulty("cursor=%25&limit=0&number=x&other"), ["number", "cursor", "limit", "other"]);
    }

    #[test]
    fn a_limit_is_checked_on_both_sides() {
        for (limit, ok) in [("1", true), ("200", true), ("0", false), ("201", false), ("", false), ("x", false)] {
            assert_eq!(parse::<Sample>(&format!("limit={limit}")).is_ok(), ok, "{limit}");
        }
    }

    #[test]
    fn a_cursor_of_another_collection_is_refused() {
        let cursor = Cursor::after("0192d3a4-7b1c-7f00-8000-000000000000").encode();
        assert_eq!(faulty(&format!("cursor={cursor}")), ["cursor"]);
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        assert!(parse::<Sample>("name=%ff%fe").is_ok());
        assert!(parse::<()>("&&&").is_ok());
        assert!(parse::<()>("a").is_err());
    }
}
