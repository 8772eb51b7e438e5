//! The query of a collection that has no filter.

use std::marker::PhantomData;
use std::str::FromStr;

use bulkhead_kernel::PageRequest;

use crate::{FromQuery, Parameters};

/// Which page. `K` is what the collection's cursors hold.
#[derive(Debug)]
pub struct PageOf<K> {
    /// That page.
    pub page: PageRequest,
    key: PhantomData<fn() -> K>,
}

impl<K: FromStr> FromQuery for PageOf<K> {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self { page: parameters.page::<K>(), key: PhantomData }
    }
}
