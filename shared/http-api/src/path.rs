//! What stands in the path.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{Api, Kind, Problem};

/// The path's variable segments. One that can't be read, such as bytes that are no UTF-8, names nothing that exists.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, api).await {
            Ok(axum::extract::Path(segments)) => Ok(Self(segments)),
            Err(rejection) => {
                Err(Problem::new(Kind::UnknownPath, "a part of the path can't be read")
                    .caused_by(rejection.body_text()))
            }
        }
    }
}
