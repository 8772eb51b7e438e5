//! The device authorization grant (RFC 8628): a terminal shows a code, a user types it in where they have a browser, and the
//! terminal gets tokens.

mod begin;
mod decide;
mod redeem;
mod store;
mod user_code;

pub use begin::{DeviceAuthorization, begin_device};
pub use decide::{Decision, PendingDevice, decide_device, find_device};
pub use redeem::redeem_device_code;
pub(crate) use store::{forget_user, withdraw};
