//! Passes on long data in small slices, so that the dispatcher's write buffer never outgrows its initial
//! 8 KiB, given `h1_write_buffer_size(7 * 1024)`. The buffer never shrinks during the life of the
//! connection.

use bytes::Bytes;

/// Maximum number of bytes passed to the dispatcher at once.
const SLICE_BYTES: usize = 1_024;

/// Data that is passed on in slices.
#[derive(Debug, Default)]
pub(super) struct Slices(Bytes);

impl Slices {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the next data. What was not passed on is dropped.
    pub(super) fn set(&mut self, data: Bytes) {
        self.0 = data;
    }

    /// The next slice; empty if there is none.
    pub(super) fn next(&mut self) -> Bytes {
        let slice = self.0.split_to(self.0.len().min(SLICE_BYTES));
        if self.0.is_empty() {
            // Releases the shared memory.
            self.0 = Bytes::new();
        }
        slice
    }
}
