//! What a passkey is.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{PasskeyId, UserId};
use bulkhead_kernel::sql::SqlError;
use serde::Serialize;
use webauthn_rp::bin::Decode;
use webauthn_rp::request::register::UserHandle16;
use webauthn_rp::response::{AuthTransports, AuthenticatorTransport};

/// How many passkeys a user may have: more than anybody has devices, and few enough for a browser to be told all of them.
pub const MAX_PASSKEYS: u32 = 20;

/// A passkey, as its user sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its user calls it.
    pub name: String,
    /// How a browser may reach the authenticator: `ble`, `hybrid`, `internal`, `nfc`, `smart-card`, `usb`.
    pub transports: Vec<&'static str>,
    /// Whether it is kept elsewhere too, such as by the account of a phone's maker.
    pub backed_up: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

/// The names of the transports of these bits.
pub(super) fn transport_names(transports: AuthTransports) -> Vec<&'static str> {
    use AuthenticatorTransport as T;
    let names = [
        (T::Ble, "ble"),
        (T::Hybrid, "hybrid"),
        (T::Internal, "internal"),
        (T::Nfc, "nfc"),
        (T::SmartCard, "smart-card"),
        (T::Usb, "usb"),
    ];
    names.into_iter().filter(|(transport, _)| transports.contains(*transport)).map(|(_, name)| name).collect()
}

/// What authenticators call a user: the bytes of their id, which say nothing about them.
///
/// # Errors
/// Never: an id is a UUID, which has 16 bytes.
pub(super) fn handle_of(user: UserId) -> Result<UserHandle16, SqlError> {
    let unreadable = || SqlError::Decode { column: "user_id".into() };
    let mut bytes = [0; 16];
    hex::decode_to_slice(user.to_string().replace('-', ""), &mut bytes).map_err(|_| unreadable())?;
    UserHandle16::decode(bytes).map_err(|_| unreadable())
}
