//! Reads the body of a response, up to a limit.

use std::future::poll_fn;
use std::pin::Pin;

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
