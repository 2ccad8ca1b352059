//! Queue of outgoing frames of one connection.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

/// A queue that allocates nothing for zero or one frame, so that an idle connection holds no
/// memory, and that releases its memory after a burst.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue {
    first: Option<Bytes>,
    rest: VecDeque<Bytes>,
    bytes: usize,
}

impl FrameQueue {
    pub(crate) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        match self.first {
            None => self.first = Some(frame),
            Some(_) => self.rest.push_back(frame),
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let frame = self.first.take()?;
        self.bytes -= frame.len();
        self.first = self.rest.pop_front();
        if self.rest.is_empty() && self.rest.capacity() > 0 {
            self.rest = VecDeque::new();
        }
        Some(frame)
    }

    /// The frames in order, as many as there is space for. Returns their number.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let frames = self.first.iter().chain(&self.rest);
        slices.iter_mut().zip(frames).map(|(slice, frame)| *slice = IoSlice::new(frame)).count()
    }

    /// Removes bytes that were written.
    pub(crate) fn advance(&mut self, mut bytes: usize) {
        while let Some(first) = &mut self.first {
            if bytes < first.len() {
                first.advance(bytes);
                self.bytes -= bytes;
                return;
            }
            bytes -= first.len();
            self.pop();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Total size of the queued frames.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
