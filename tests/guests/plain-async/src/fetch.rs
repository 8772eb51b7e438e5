//! `wasi:http/client@0.3`.

use wasip3::http::client::send;
use wasip3::http::types::{Fields, Request, Response, Scheme};
use wasip3::wit_future;

/// Status and body of what is there.
pub(crate) async fn get(authority: &str, path: &str) -> Result<(u16, String), String> {
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    let set = request.set_scheme(Some(&Scheme::Http)).and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some(path))).map_err(|()| "not an address".to_owned())?;
    let response = send(request).await.map_err(|code| code.to_string())?;
    let status = response.get_status_code();
    let (_, read) = wit_future::new(|| Ok(()));
    let (stream, _trailers) = Response::consume_body(response, read);
    Ok((status, String::from_utf8_lossy(&stream.collect().await).into_owned()))
}
