//! The allocator of a connector's component: free lists by size, in front of the system's.
//!
//! A call is one short burst of small allocations in an instance that is thrown away afterwards. The system's allocator
//! spends its time on what that has no use for, such as joining freed neighbours: a third of a small `jq` call, which
//! takes 223 µs with it, 212 µs with the crate talc and 177 µs with this (`cargo xtask bench`, one call in process). Here
//! a freed block waits in its size's list for the next one of that size. Freed memory is reused, so a tool that computes
//! for long does not grow; it never changes its size, which costs at most what was in use at the same time per size.
//! What `initialize` has freed is in the lists when a call starts, so most calls take no new memory at all.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

/// Sizes are rounded up to multiples of this, which is also the alignment of every block.
const GRAIN: usize = 16;
/// Larger blocks, and those of a larger alignment, are the system's.
const LARGEST: usize = 1024;
const SIZES: usize = LARGEST / GRAIN;
/// How much is taken from the system at once.
const CHUNK: usize = 16 << 10;

/// The allocator. It is for one thread.
pub(crate) struct FreeLists {
    /// The first free block of each size; each begins with a pointer to the next.
    free: [Cell<*mut u8>; SIZES],
    /// What is left of the newest chunk.
    rest: Cell<*mut u8>,
    rest_bytes: Cell<usize>,
}

#[cfg(target_feature = "atomics")]
compile_error!("a component with threads needs an allocator that can be shared");

// SAFETY: a component has one thread, as asserted above; natively only tests use it, each its own on its own thread.
unsafe impl Sync for FreeLists {}

impl FreeLists {
    /// An allocator that has nothing yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            free: [const { Cell::new(ptr::null_mut()) }; SIZES],
            rest: Cell::new(ptr::null_mut()),
            rest_bytes: Cell::new(0),
        }
    }

    /// Takes a block that nobody has had.
    #[cold]
    fn carve(&self, size: usize) -> *mut u8 {
        let bytes = (size + 1) * GRAIN;
        if self.rest_bytes.get() < bytes {
            // SAFETY: the layout is not empty.
            let chunk = unsafe { System.alloc(Layout::from_size_align_unchecked(CHUNK, GRAIN)) };
            if chunk.is_null() {
                return chunk;
            }
            self.rest.set(chunk);
            self.rest_bytes.set(CHUNK);
        }
        let block = self.rest.get();
        // SAFETY: the chunk has at least so many bytes left.
        self.rest.set(unsafe { block.add(bytes) });
        self.rest_bytes.set(self.rest_bytes.get() - bytes);
        block
    }
}

/// Which list serves a layout; `None` when the system does.
#[inline]
fn list(layout: Layout) -> Option<usize> {
    (layout.size() <= LARGEST && layout.align() <= GRAIN).then(|| layout.size().saturating_sub(1) / GRAIN)
}

// SAFETY: a block is handed out by one list or the system, and the layout says by which; it has at least the layout's
// size and alignment, and is in no list while it is in use.
unsafe impl GlobalAlloc for FreeLists {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(size) = list(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.alloc(layout) };
        };
        let block = self.free[size].get();
        if block.is_null() {
            return self.carve(size);
        }
        // SAFETY: a block in a list begins with a pointer to the next, and is aligned for one.
        self.free[size].set(unsafe { *block.cast::<*mut u8>() });
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(size) = list(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.dealloc(block, layout) };
        };
        // SAFETY: the block is nobody's now, large enough for a pointer and aligned for one.
        unsafe { *block.cast::<*mut u8>() = self.free[size].get() };
        self.free[size].set(block);
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if list(layout).is_none() {
            // SAFETY: as the caller promises. Fresh pages are zero already, which only the system knows.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: as the caller promises.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block has this size.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size is no larger than a layout may be.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (list(layout), list(new_layout)) {
            // SAFETY: as the caller promises.
            (None, None) => unsafe { System.realloc(block, layout, new_size) },
            (old, new) if old == new => block,
            _ => {
                // SAFETY: as the caller promises.
                let new = unsafe { self.alloc(new_layout) };
                if !new.is_null() {
                    // SAFETY: both blocks have at least the smaller size, and one that is in use overlaps no other.
                    unsafe {
                        ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
                        self.dealloc(block, layout);
                    }
                }
                new
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("a layout")
    }

    /// A block filled with a byte of its own, so that an overlap shows.
    fn filled(allocator: &FreeLists, layout: Layout, byte: u8) -> *mut u8 {
        // SAFETY: the tests ask for no empty block.
        let block = unsafe { allocator.alloc(layout) };
        assert!(!block.is_null() && block.addr().is_multiple_of(layout.align()), "{layout:?}");
        // SAFETY: the block has this size.
        unsafe { block.write_bytes(byte, layout.size()) };
        block
    }

    fn holds(block: *mut u8, size: usize, byte: u8) -> bool {
        // SAFETY: the tests ask only about blocks that they hold and have filled.
        unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|found| *found == byte)
    }

    #[test]
    fn blocks_of_every_size_and_alignment_overlap_no_other() {
        let allocator = FreeLists::new();
        let layouts: Vec<_> = [1, 15, 16, 17, 100, 1023, 1024, 1025, 70_000]
            .into_iter()
            .flat_map(|s| [1, 8, 16, 64].map(|a| layout(s, a)))
            .collect();
        for _ in 0..3 {
            let blocks: Vec<_> = (1..).zip(&layouts).map(|(n, l)| (filled(&allocator, *l, n), *l, n)).collect();
            for (block, layout, byte) in blocks {
                assert!(holds(block, layout.size(), byte), "{layout:?}");
                // SAFETY: it was allocated with this layout.
                unsafe { allocator.dealloc(block, layout) };
            }
        }
    }

    #[test]
    fn a_freed_block_is_the_next_of_its_size() {
        let allocator = FreeLists::new();
        let first = filled(&allocator, layout(40, 8), 1);
        let other = filled(&allocator, layout(40, 8), 2);
        // SAFETY: it was allocated with this layout.
        unsafe { allocator.dealloc(first, layout(40, 8)) };
        assert_eq!(filled(&allocator, layout(48, 4), 3), first);
        assert!(holds(other, 40, 2));
    }

    #[test]
    fn a_block_keeps_its_content_as_it_grows_and_shrinks() {
        let allocator = FreeLists::new();
        let mut block = filled(&allocator, layout(5, 1), 7);
        for sizes in [5, 16, 17, 900, 1024, 1025, 5000, 1025, 1024, 16, 5].windows(2) {
            // SAFETY: the block has the size before.
            block = unsafe { allocator.realloc(block, layout(sizes[0], 1), sizes[1]) };
            assert!(holds(block, 5, 7), "{sizes:?}");
        }
    }

    #[test]
    fn zeroed_means_zero_also_when_the_block_was_used() {
        let allocator = FreeLists::new();
        for size in [32, 2000] {
            let block = filled(&allocator, layout(size, 8), 9);
            // SAFETY: it was allocated with this layout, and the next one is not empty.
            let block = unsafe {
                allocator.dealloc(block, layout(size, 8));
                allocator.alloc_zeroed(layout(size, 8))
            };
            assert!(holds(block, size, 0), "{size}");
        }
    }
}
