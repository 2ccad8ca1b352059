//! Frames that wait for one connection.

use std::collections::VecDeque;

use bytes::Bytes;

/// A queue that needs no memory of its own for nothing and for a lone frame, so that an idle connection holds none,
/// and that gives back what a burst took.
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

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Of all its frames.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
