//! Frames are split correctly however their bytes arrive.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::task::Waker;

use proptest::prelude::*;

use super::*;

/// A client's frame: masked, with a length in the shortest or a longer form.
fn frame(opcode: u8, payload_bytes: usize, form: u8) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match (form, payload_bytes) {
        (0, short) if short < 126 => frame.push(0x80 | short as u8),
        (0 | 1, medium) if medium < 65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        (_, long) => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[1, 2, 3, 4]);
    frame.extend((0..payload_bytes).map(|at| at as u8));
    frame
}

/// The bytes, arriving in chunks of these sizes, repeated.
fn arriving(bytes: &[u8], sizes: &[usize], payload_bytes_max: usize) -> Frames {
    let mut chunks = Vec::new();
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        chunks.push(Ok(Bytes::copy_from_slice(chunk)));
        rest = after;
    }
    let payload: actix_http::BoxedPayloadStream = Box::pin(futures_util::stream::iter(chunks));
    let mut frames = Frames::new(dev::Payload::Stream { payload });
    frames.set_max(payload_bytes_max);
    frames
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_decoder_gets_frame_by_frame(
        shapes in proptest::collection::vec((0..16u8, prop_oneof![8 => 0..130usize, 2 => 0..2_000usize, 1 => 65_530..65_540usize], 0..3u8), 1..8),
        sizes in proptest::collection::vec(1..3_000usize, 1..6),
    ) {
        let whole: Vec<Vec<u8>> = shapes.iter().map(|(opcode, bytes, form)| frame(*opcode, *bytes, *form)).collect();
        let mut frames = arriving(&whole.concat(), &sizes, 100_000);
        let mut cx = Context::from_waker(Waker::noop());
        for expected in &whole {
            let mut got = Vec::new();
            // `Pending` without a waker: a frame ends here.
            while let Poll::Ready(piece) = frames.poll_piece(&mut cx) {
                got.extend_from_slice(&piece.unwrap().unwrap());
            }
            prop_assert_eq!(&got, expected);
        }
        prop_assert!(matches!(frames.poll_piece(&mut cx), Poll::Ready(None)));
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_by_its_header_and_a_close_behind_it_is_found(
        before in 0..200usize, long in 201..5_000usize, size in 1..700usize, form in 0..3u8,
    ) {
        let bytes = [frame(1, before, form), frame(2, long, form), frame(1, 20, 0), frame(8, 2, 0), frame(1, 5, 0)].concat();
        let mut frames = arriving(&bytes, &[size], 200);
        let mut cx = Context::from_waker(Waker::noop());
        let mut passed = 0;
        let error = loop {
            match frames.poll_piece(&mut cx) {
                Poll::Ready(Some(Ok(piece))) => passed += piece.len(),
                Poll::Ready(Some(Err(error))) => break error,
                Poll::Ready(None) => panic!("it was not refused"),
                Poll::Pending => {}
            }
        };
        prop_assert!(matches!(error, PayloadError::Overflow));
        prop_assert!(passed < frame(1, before, form).len() + HEADER_BYTES_MAX, "nothing of its payload was collected");
        prop_assert!(matches!(frames.poll_close(&mut cx), Poll::Ready(true)));
        prop_assert!(matches!(frames.poll_close(&mut cx), Poll::Ready(false)), "and behind it the end");
    }
}
