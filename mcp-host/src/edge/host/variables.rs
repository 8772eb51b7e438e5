//! `spin:variables`: what the component's manifest entry makes of the application's variables.

use wasmtime::component::Accessor;

use crate::edge::LiveVariable;
use crate::edge::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::edge::guest::{GuestData, GuestState};
use crate::edge::variables::check_name;

impl Host for GuestState {}

impl<T: Send> HostWithStore<T> for GuestData {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(reason) = check_name(&name) {
            return Ok(Err(Error::InvalidName(reason)));
        }
        let component = accessor.with(|mut access| access.get().component.clone());
        let live = component.live.get(&name).map(LiveVariable::value);
        let value = live.as_ref().or_else(|| component.variables.get(&name)).map(|value| value.expose().to_owned());
        Ok(value.ok_or_else(|| Error::Undefined(format!("[component.{}.variables] has no `{name}`", component.id))))
    }
}
