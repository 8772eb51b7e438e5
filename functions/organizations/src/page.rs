//! The query of a collection that has no filter.

use std::marker::PhantomData;
use std::str::FromStr;

use bulkhead_http_api::{FromQuery, Parameters};
use bulkhead_kernel::PageRequest;

/// Which page. `K` is what the collection's cursors hold.
pub(crate) struct PageOf<K> {
    pub(crate) page: PageRequest,
    key: PhantomData<fn() -> K>,
}

impl<K: FromStr> FromQuery for PageOf<K> {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self { page: parameters.page::<K>(), key: PhantomData }
    }
}
