//! Requests to other hosts.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};

use crate::Answer;

/// Gets an address and answers with its status and body, or with 502 and the error.
pub(crate) async fn fetch(url: &str) -> Answer {
    let request = match http::Request::get(url).body(Empty::<Bytes>::new()) {
        Ok(request) => request,
        Err(error) => return (400, error.to_string()),
    };
    let response = match spin_sdk::http::send(request).await {
        Ok(response) => response,
        Err(error) => return (502, format!("{error:?}")),
    };
    let status = response.status().as_u16();
    match response.into_body().collect().await {
        Ok(body) => (status, String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        Err(error) => (502, format!("{error:?}")),
    }
}
