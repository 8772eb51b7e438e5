//! Bodies of HTML forms, and of OAuth's endpoints.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderValue;
use http::header::ACCEPT;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::json::{has_media_type, read, read_shape};
use crate::{Api, Kind, Problem};

const FORM: &str = "application/x-www-form-urlencoded";

/// A body of form fields of this shape, all of them texts, each at most once, within the limit.
#[derive(Clone, Debug)]
pub struct FormBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for FormBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let FormBytes(bytes) = FormBytes::from_request(request, api).await?;
        parse(&bytes).map(Self)
    }
}

/// The same as it came, for endpoints whose protocol says what to make of its fields.
#[derive(Clone, Debug)]
pub struct FormBytes(pub Bytes);

impl FromRequest<Api> for FormBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !has_media_type(request.headers(), FORM) {
            return Err(Problem::new(Kind::UnsupportedMediaType, format!("send the body with Content-Type: {FORM}"))
                .with_header(ACCEPT, HeaderValue::from_static(FORM)));
        }
        read(request, api.limits).await.map(Self)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if fields.insert(name.clone().into_owned(), Value::String(value.into_owned())).is_some() {
            let fault = bulkhead_kernel::Fault {
                pointer: format!("/{}", name.replace('~', "~0").replace('/', "~1")),
                message: "is given twice".to_owned(),
            };
            return Err(Problem::new(Kind::InvalidBody, "a field is given twice").with_member("faults", [fault]));
        }
    }
    read_shape(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        other: Option<String>,
    }

    #[test]
    fn fields_are_texts_and_given_once() {
        let sample: Sample = parse(b"name=a+b%26c&other=").expect("a form");
        assert_eq!((sample.name.as_str(), sample.other.as_deref()), ("a b&c", Some("")));
        for body in [&b""[..], b"other=x", b"name=x&more=y", b"name=x&name=x"] {
            assert_eq!(parse::<Sample>(body).expect_err("a fault").kind(), Kind::InvalidBody);
        }
    }
}
