//! Bounds the memory that reading an input may take.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Bytes that may be in use at once while an input is read, in addition to [`PER_INPUT_BYTE`].
const BASE_BYTES: usize = 64 * 1024;

/// Bytes that may be in use at once for each byte of the input. JSON values take the most: `[` is a
/// list of one value of 32 bytes, with room for three more.
const PER_INPUT_BYTE: usize = 256;

/// Runs a check.
///
/// # Panics
/// If the check panics, or if it takes more memory at once than is proportional to the input.
pub fn bounded(input: &[u8], check: impl FnOnce()) {
    let before = IN_USE.get();
    MOST_IN_USE.set(before);
    check();
    let most = MOST_IN_USE.get().saturating_sub(before);
    let most_allowed = BASE_BYTES + PER_INPUT_BYTE * input.len();
    assert!(most <= most_allowed, "{most} bytes in use for an input of {} bytes", input.len());
}

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static MOST_IN_USE: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting the bytes that each thread has in use.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(taken: usize, given_back: usize) {
    let in_use = IN_USE.get().wrapping_add(taken).wrapping_sub(given_back);
    IN_USE.set(in_use);
    MOST_IN_USE.set(MOST_IN_USE.get().max(in_use));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, layout.size());
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, layout.size());
        unsafe { System.realloc(block, layout, new_size) }
    }
}
