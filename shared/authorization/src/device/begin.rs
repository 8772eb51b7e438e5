//! A device asks (RFC 8628, section 3.1).

use std::time::Duration;

use bulkhead_identity::{OpaqueToken, Purpose};
use bulkhead_kernel::{Ports, Secret};

use super::{store, user_code};
use crate::client::Client;
use crate::error::{Code, Failure, OAuthError};
use crate::grant::GrantType;
use crate::parameters::Parameters;
use crate::policy::Policy;
use crate::request::{audience, scopes};

/// What the device is told.
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// What it asks for tokens with.
    pub device_code: Secret,
    /// What it shows its user.
    pub user_code: Secret,
    /// For how long both are good.
    pub expires_in: Duration,
    /// How long it waits between two requests.
    pub interval: Duration,
}

/// Makes the two codes.
///
/// # Errors
/// [`Failure`].
pub async fn begin_device(
    ports: &Ports,
    policy: &Policy,
    issuer: &str,
    client: &Client,
    form: &Parameters,
) -> Result<DeviceAuthorization, Failure> {
    if !client.may_use(GrantType::DeviceCode) {
        return Err(OAuthError::new(Code::UnauthorizedClient, "the client is not registered for this grant").into());
    }
    let (audience, scopes, now) = (audience(issuer, form)?, scopes(form)?, ports.now());
    let device_code = OpaqueToken::generate(Purpose::DeviceCode, ports.entropy.as_ref());
    let user_code = user_code::generate(ports.entropy.as_ref());
    let new = store::New {
        code: &device_code,
        user_code: &user_code,
        client: &client.id,
        audience: &audience,
        scopes,
        interval: policy.device_interval,
        now,
        expires_at: now.plus(policy.device_code),
    };
    ports.sql.batch(vec![store::forget_expired(now).into(), store::insert(new).into()]).await?;
    Ok(DeviceAuthorization {
        device_code: Secret::new(device_code.expose().to_owned()),
        user_code: Secret::new(user_code),
        expires_in: policy.device_code,
        interval: policy.device_interval,
    })
}
