//! Reads the body of a response, up to a limit.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};

use super::error::HttpError;

/// # Errors
/// [`HttpError::TooLong`] as soon as the body has more than `bytes_max` bytes, or
/// [`HttpError::Exchange`] if it does not end.
pub(super) async fn read(mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>, HttpError> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        // Trailers are ignored.
        let Ok(data) = frame.map_err(HttpError::Exchange)?.into_data() else { continue };
        if read.len() + data.len() > bytes_max {
            return Err(HttpError::TooLong(bytes_max));
        }
        read.extend_from_slice(&data);
    }
    Ok(read)
}

/// Reads the start of a body: what arrives within the time, at most `bytes_max` bytes. The rest, and
/// how the body ends, does not matter.
pub(super) async fn read_start(mut body: Incoming, bytes_max: usize, time_max: Duration) -> Vec<u8> {
    let mut read = Vec::new();
    let reading = async {
        while read.len() < bytes_max
            && let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let Ok(data) = frame.into_data() else { continue };
            let room = (bytes_max - read.len()).min(data.len());
            read.extend_from_slice(&data[..room]);
        }
    };
    // Elapsed: what has arrived is enough.
    let _complete_or_elapsed = tokio::time::timeout(time_max, reading).await;
    read
}
