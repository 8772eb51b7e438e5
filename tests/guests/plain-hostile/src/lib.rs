//! A plain component whose results are what a host must survive. For tests alone.
#![recursion_limit = "512"]
#![cfg(target_family = "wasm")]

/// What wit-bindgen generates.
mod bindings {
    wit_bindgen::generate!({ world: "hostile" });
}

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use bindings::exports::test::hostile::answers::{Guest, Leaf};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// A list in so many lists.
macro_rules! lists {
    () => { bool };
    (list $($rest:tt)*) => { Vec<lists!($($rest)*)> };
}

type Deeper = Option<
    lists!(list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list list),
>;

struct Component;

#[expect(unsafe_code, reason = "wit-bindgen's functions are called from outside")]
mod exports {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}

/// `$inner` in so many lists as there are words `list`.
macro_rules! nested {
    ($inner:expr;) => { $inner };
    ($inner:expr; list $($rest:tt)*) => { vec![nested!($inner; $($rest)*)] };
}

impl Guest for Component {
    fn endless(items: u32) -> Vec<u64> {
        vec![u64::MAX; items as usize]
    }

    fn long(bytes: u32) -> String {
        "x".repeat(bytes as usize)
    }

    fn bytes(count: u32) -> Vec<u8> {
        vec![0; count as usize]
    }

    fn overlapping(strings: u32, bytes: u32) -> Vec<String> {
        let text = "x".repeat(bytes as usize);
        let (pointer, length) = (text.as_ptr().cast_mut(), text.len());
        std::mem::forget(text);
        #[expect(unsafe_code, reason = "that a guest may hand out the same memory many times is what is tested")]
        // SAFETY: none. The strings are never freed if the host refuses them, and if it does not, this guest is broken.
        (0..strings).map(|_| unsafe { String::from_raw_parts(pointer, length, length) }).collect()
    }

    fn not_text() -> String {
        #[expect(unsafe_code, reason = "a string that is none is what is tested")]
        // SAFETY: none. Nobody looks at it but the host.
        unsafe {
            String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe])
        }
    }

    fn deep(width: u32) -> Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<Leaf>>>>>>>>>>>> {
        let leaf = || Leaf { text: "x".to_owned(), bytes: vec![1], next: Some(vec!["y".to_owned()]) };
        let leaves = (0..width).map(|_| leaf()).collect::<Vec<_>>();
        nested!(leaves; list list list list list list list list list list list)
    }

    fn deeper() -> Deeper {
        None
    }

    fn long_error(bytes: u32) -> Result<(), String> {
        Err("x".repeat(bytes as usize))
    }

    fn spin() {
        while black_box(true) {}
    }

    fn trap() -> bool {
        std::process::abort()
    }

    fn count() -> u32 {
        CALLS.fetch_add(1, Ordering::Relaxed) + 1
    }
}
