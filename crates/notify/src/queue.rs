//! Queue of outgoing frames of one connection.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf as _, Bytes};

/// A queue that allocates nothing for zero or one frame, so that an idle connection holds no
/// memory, and that releases its memory after a burst.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue {
    first: Option<Bytes>,
    rest: Option<Box<Rest>>,
}

/// The frames after the first; at least one.
#[derive(Debug)]
struct Rest {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

/// For how many frames memory is allocated at once. A burst of ten events fits.
const REST_FRAMES: usize = 12;

impl FrameQueue {
    pub(crate) fn push(&mut self, frame: Bytes) {
        if self.first.is_none() {
            self.first = Some(frame);
            return;
        }
        let new = || Box::new(Rest { frames: VecDeque::with_capacity(REST_FRAMES), bytes: 0 });
        let rest = self.rest.get_or_insert_with(new);
        rest.bytes += frame.len();
        rest.frames.push_back(frame);
    }

    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let frame = self.first.take()?;
        if let Some(rest) = &mut self.rest {
            self.first = rest.frames.pop_front();
            rest.bytes -= self.first.as_ref().map_or(0, Bytes::len);
            if rest.frames.is_empty() {
                self.rest = None;
            }
        }
        Some(frame)
    }

    /// The frames in order, as many as there is space for. Returns their number.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let rest = self.rest.iter().flat_map(|rest| &rest.frames);
        let frames = self.first.iter().chain(rest);
        slices.iter_mut().zip(frames).map(|(slice, frame)| *slice = IoSlice::new(frame)).count()
    }

    /// Removes bytes that were written.
    pub(crate) fn advance(&mut self, mut bytes: usize) {
        if bytes >= self.bytes() {
            return self.clear();
        }
        while let Some(first) = &mut self.first {
            if bytes < first.len() {
                first.advance(bytes);
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
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.frames.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Total size of the queued frames.
    pub(crate) fn bytes(&self) -> usize {
        self.first.as_ref().map_or(0, Bytes::len) + self.rest.as_ref().map_or(0, |rest| rest.bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_written_in_pieces_come_out_in_order_and_nothing_is_kept(
            frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..20),
            accepted in proptest::collection::vec(1..120usize, 1..6),
        ) {
            let mut queue = FrameQueue::default();
            frames.iter().for_each(|frame| queue.push(Bytes::copy_from_slice(frame)));
            let expected = frames.concat();
            prop_assert_eq!((queue.len(), queue.bytes()), (frames.len(), expected.len()));
            let (mut written, mut accepted) = (Vec::new(), accepted.iter().cycle());
            while !queue.is_empty() {
                let mut slices = [IoSlice::new(&[]); 3];
                let count = queue.slices(&mut slices);
                let mut offered: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
                offered.truncate(accepted.next().copied().unwrap_or(1));
                queue.advance(offered.len());
                written.extend(offered);
                prop_assert_eq!(queue.bytes(), expected.len() - written.len());
            }
            prop_assert_eq!(written, expected);
            prop_assert!(queue.rest.is_none());
        }
    }
}
