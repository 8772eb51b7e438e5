//! Tests of the whole conversion, with components that are made from their WIT alone and with shapes made up at random.

mod called;
pub(super) mod component;
mod described;
mod faults;
mod round_trip;
