//! WASI for the components of a host, whatever else its stores hold.
//!
//! Wasmtime's functions for WASI are generic in what a store holds, and compiled where that is known: they were more than
//! half of the host's code, and made again for each kind of store and for the host's tests. All stores hold a
//! [`StoreData`], so that they are made once, here.

use std::any::Any;

use wasmtime::component::Linker;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

/// What a store holds for one kind of guest.
pub trait Guest: WasiView + WasiHttpView + Any + Send {}

impl<G: WasiView + WasiHttpView + Any + Send> Guest for G {}

/// The data of a store: one guest of a kind that whoever made the store knows.
pub struct StoreData(Box<dyn Guest>);

impl StoreData {
    /// The data of a store with this guest.
    #[must_use]
    pub fn new(guest: Box<impl Guest>) -> Self {
        Self(guest)
    }

    /// The guest.
    ///
    /// # Panics
    /// When it is of another kind.
    #[must_use]
    pub fn get<G: Guest>(&self) -> &G {
        let guest: &dyn Any = &*self.0;
        guest.downcast_ref().expect("a store is used by whoever made it")
    }

    /// The guest, to be changed.
    ///
    /// # Panics
    /// When it is of another kind.
    #[must_use]
    pub fn get_mut<G: Guest>(&mut self) -> &mut G {
        let guest: &mut dyn Any = &mut *self.0;
        guest.downcast_mut().expect("a store is used by whoever made it")
    }

    /// The guest, when its store is gone.
    ///
    /// # Panics
    /// When it is of another kind.
    #[must_use]
    pub fn into_guest<G: Guest>(self) -> Box<G> {
        let guest: Box<dyn Any> = self.0;
        guest.downcast().unwrap_or_else(|_| panic!("a store is used by whoever made it"))
    }
}

impl WasiView for StoreData {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.0.ctx()
    }
}

impl WasiHttpView for StoreData {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.0.http()
    }
}

/// Links WASI 0.2, without requests over HTTP.
///
/// # Errors
/// When the linker has one of the interfaces already.
pub fn add_p2(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// Links the requests of WASI 0.2 over HTTP.
///
/// # Errors
/// When the linker has one of the interfaces already.
pub fn add_p2_http(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// Links WASI 0.3 with its requests over HTTP. It stands beside 0.2: its interfaces have other versions.
///
/// # Errors
/// When the linker has one of the interfaces already.
pub fn add_p3(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)
}
