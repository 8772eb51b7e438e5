//! A plain component on WASI 0.2, through the standard library. For tests alone.
#![cfg(target_family = "wasm")]

mod fetch;

/// What wit-bindgen generates.
mod bindings {
    wit_bindgen::generate!({ world: "wasi", generate_all });
}

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Component;

#[expect(unsafe_code, reason = "wit-bindgen's functions are called from outside")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}

impl bindings::Guest for Component {
    fn configured(key: String) -> Option<String> {
        bindings::wasi::config::store::get(&key).ok().flatten()
    }

    fn sleep(ms: u32) -> u64 {
        let start = Instant::now();
        std::thread::sleep(Duration::from_millis(ms.into()));
        u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "that the component has a clock is what is tested")]
    fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn random() -> (u64, u64) {
        // The standard library draws the seed of its hash maps from the host.
        (RandomState::new().hash_one(0), wasip2::random::random::get_random_u64())
    }

    #[expect(clippy::disallowed_methods, reason = "what the component sees of its environment is what is tested")]
    fn variables() -> Vec<(String, String)> {
        std::env::vars().collect()
    }

    fn files(folder: String) -> Result<Vec<String>, String> {
        let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }

    fn fetch(authority: String, path: String) -> Result<(u16, String), String> {
        fetch::get(&authority, &path)
    }
}
