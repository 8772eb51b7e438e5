//! Passwords: Argon2id (RFC 9106), stored as PHC strings, which say how they were made.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use bulkhead_kernel::{Entropy, Secret, entropy};

/// What one hash costs. More is safer and slower: a stored hash that cost less is made anew at the next sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory: KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB and two passes, as OWASP's cheat sheet for password storage recommends as the least.
    fn default() -> Self {
        Self { memory_kib: 19 << 10, passes: 2 }
    }
}

/// Why a password could not be hashed or checked: a configuration or a row that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("a password can't be hashed or checked: {0}")]
pub struct PasswordError(String);

/// What the check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is another one.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and its hash should be made anew: it cost less than it should.
    RightButWeak,
}

fn argon2(cost: PasswordCost) -> Result<Argon2<'static>, PasswordError> {
    let params =
        Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| PasswordError(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password, as a PHC string. It takes tens of milliseconds, on purpose.
///
/// # Errors
/// [`PasswordError`] when the cost makes no sense.
pub fn hash_password(password: &Secret, cost: PasswordCost, source: &dyn Entropy) -> Result<String, PasswordError> {
    let salt = entropy::bytes::<16>(source);
    let hash = argon2(cost)?
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map_err(|error| PasswordError(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether this is the password of a hash, and whether the hash is strong enough. Without a hash, it takes as long and says
/// that it is not: whoever guesses must not learn whether there is such a user.
///
/// # Errors
/// [`PasswordError`] when the hash can't be read.
pub fn check_password(
    password: &Secret,
    stored: Option<&str>,
    cost: PasswordCost,
    source: &dyn Entropy,
) -> Result<PasswordCheck, PasswordError> {
    let Some(stored) = stored else {
        hash_password(password, cost, source)?;
        return Ok(PasswordCheck::Wrong);
    };
    let hash = PasswordHash::new(stored).map_err(|error| PasswordError(error.to_string()))?;
    if argon2(cost)?.verify_password(password.expose().as_bytes(), &hash).is_err() {
        return Ok(PasswordCheck::Wrong);
    }
    let params = Params::try_from(&hash).map_err(|error| PasswordError(error.to_string()))?;
    let weak =
        params.m_cost() < cost.memory_kib || params.t_cost() < cost.passes || hash.algorithm.as_str() != "argon2id";
    Ok(if weak { PasswordCheck::RightButWeak } else { PasswordCheck::Right })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1 };

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0x77);
        }
    }

    fn check(password: &str, stored: Option<&str>, cost: PasswordCost) -> PasswordCheck {
        check_password(&Secret::new(password.to_owned()), stored, cost, &Sevens).expect("a hash")
    }

    #[test]
    fn a_password_is_right_or_wrong_and_a_weak_hash_is_noticed() {
        let hash = hash_password(&Secret::new("correct horse".to_owned()), CHEAP, &Sevens).expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$") && !hash.contains("horse"), "{hash}");
        assert_eq!(check("correct horse", Some(&hash), CHEAP), PasswordCheck::Right);
        assert_eq!(check("correct house", Some(&hash), CHEAP), PasswordCheck::Wrong);
        assert_eq!(check("correct horse", None, CHEAP), PasswordCheck::Wrong);
        for dearer in [PasswordCost { memory_kib: 65, ..CHEAP }, PasswordCost { passes: 2, ..CHEAP }] {
            assert_eq!(check("correct horse", Some(&hash), dearer), PasswordCheck::RightButWeak);
            assert_eq!(check("correct house", Some(&hash), dearer), PasswordCheck::Wrong);
        }
    }

    #[test]
    fn a_hash_that_can_not_be_read_is_an_error() {
        let secret = Secret::new("x".to_owned());
        assert!(check_password(&secret, Some("$1$x"), CHEAP, &Sevens).is_err());
        assert!(hash_password(&secret, PasswordCost { memory_kib: 1, passes: 0 }, &Sevens).is_err());
    }
}
