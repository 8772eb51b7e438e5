//! `wasi:http/outgoing-handler@0.2`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

/// Status and body of what is there.
pub(crate) fn get(authority: &str, path: &str) -> Result<(u16, String), String> {
    let request = OutgoingRequest::new(Fields::new());
    let set = request.set_scheme(Some(&Scheme::Http)).and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some(path))).map_err(|()| "not an address".to_owned())?;
    let pending = handle(request, None).map_err(|code| code.to_string())?;
    pending.subscribe().block();
    let response = pending.get().and_then(Result::ok).ok_or("no answer")?.map_err(|code| code.to_string())?;
    let body = response.consume().map_err(|()| "no body")?;
    let stream = body.stream().map_err(|()| "no stream")?;
    let mut read = Vec::new();
    while let Ok(chunk) = stream.blocking_read(64 * 1024) {
        read.extend(chunk);
    }
    Ok((response.status(), String::from_utf8_lossy(&read).into_owned()))
}
