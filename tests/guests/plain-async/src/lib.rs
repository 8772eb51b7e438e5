//! A plain component on WASI 0.3, with asynchronous functions. For tests alone.
#![cfg(target_family = "wasm")]

mod fetch;

/// What wit-bindgen generates.
mod bindings {
    wit_bindgen::generate!({ world: "later" });
}

use bindings::exports::test::later::timer;
use wasip3::clocks::monotonic_clock;

struct Component;

#[expect(unsafe_code, reason = "wit-bindgen's functions are called from outside")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}

impl timer::Guest for Component {
    async fn wait(ms: u32) -> u64 {
        Self::wait_together(vec![ms]).await
    }

    async fn wait_together(ms: Vec<u32>) -> u64 {
        let start = monotonic_clock::now();
        let waits: Vec<_> = ms.into_iter().map(|ms| monotonic_clock::wait_for(u64::from(ms) * 1_000_000)).collect();
        let mut waits: Vec<_> = waits.into_iter().map(Box::pin).collect();
        std::future::poll_fn(|context| {
            waits.retain_mut(|wait| wait.as_mut().poll(context).is_pending());
            if waits.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        (monotonic_clock::now() - start) / 1_000_000
    }
}

impl bindings::Guest for Component {
    async fn fetch(authority: String, path: String) -> Result<(u16, String), String> {
        fetch::get(&authority, &path).await
    }

    fn add(left: u32, right: u32) -> u32 {
        left.wrapping_add(right)
    }
}
