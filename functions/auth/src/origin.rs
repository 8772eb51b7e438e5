//! Where a request comes from.

pub(crate) use bulkhead_http_api::Origin;
