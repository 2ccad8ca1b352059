//! Any bytes as frames. The body is a function, so that a fuzzer can call it as well.

use std::task::Waker;

use proptest::prelude::*;

use super::*;

/// Feeds bytes in chunks, and checks what must hold whatever they are: nothing is lost, added or reordered before a frame that is
/// too long, and it comes to an end.
fn feed(bytes: &[u8], chunk_bytes: usize, payload_bytes_max: usize) {
    let chunks: Vec<_> = bytes.chunks(chunk_bytes.max(1)).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let payload: actix_http::BoxedPayloadStream = Box::pin(futures_util::stream::iter(chunks));
    let mut frames = Frames::new(dev::Payload::Stream { payload });
    frames.set_max(payload_bytes_max);
    let mut cx = Context::from_waker(Waker::noop());
    let (mut passed, mut pauses) = (Vec::new(), 0);
    loop {
        match frames.poll_piece(&mut cx) {
            Poll::Ready(Some(Ok(piece))) => passed.extend_from_slice(&piece),
            Poll::Ready(Some(Err(error))) => {
                assert!(matches!(error, PayloadError::Overflow), "{error}");
                assert!(bytes.starts_with(&passed), "what passed is what came");
                break;
            }
            Poll::Ready(None) => {
                assert_eq!(passed, bytes, "all of it passed");
                break;
            }
            Poll::Pending => {
                pauses += 1;
                // A frame has two bytes at least.
                assert!(pauses <= bytes.len() / 2, "it pauses at the ends of frames only");
            }
        }
    }
    assert!(matches!(frames.poll_close(&mut cx), Poll::Ready(_)), "it comes to an end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_pass_whole_or_end_at_a_frame_that_is_too_long(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        chunk_bytes in 1..50usize,
        payload_bytes_max in prop_oneof![0..8usize, 0..70_000usize],
    ) {
        feed(&bytes, chunk_bytes, payload_bytes_max);
    }
}
