//! What goes with a user. What they granted is a session, which is identity's to tell and to end.

use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::Step;

use crate::{code, device};

/// For the batch that ends a sign-in, which is about all tenants: what the user has granted and nobody has fetched yet. Whoever had
/// the sign-in may have granted it to themselves. A code that was used stays: a second use is noticed by it.
#[must_use]
pub fn withdraw_steps(user: UserId) -> Vec<Step> {
    vec![code::withdraw(user).into(), device::withdraw(user).into()]
}

/// For the batch that erases a user, which is about all tenants: codes that they gave to clients, and devices on which they
/// decided.
#[must_use]
pub fn forget_steps(user: UserId) -> Vec<Step> {
    vec![code::forget_user(user).into(), device::forget_user(user).into()]
}
