//! Finds the end of a request's head and body (RFC 9112), by the same rules as actix's decoder.
//!
//! If the two ever disagreed, the connection would end at worst: bytes passed on too early are
//! decoded as they would be without the guard, and bytes held back run into a deadline.

/// Finds the end of a head.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// Before the first byte that is not part of an empty line.
    #[default]
    Start,
    /// Within a line.
    Line,
    /// After the end of a line.
    LineEnd,
    /// After the end of a line and a carriage return.
    Return,
}

impl Head {
    /// Consumes bytes. Returns how many belong to the head, if it ends within them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            *self = match (*self, byte) {
                (Self::Start, b'\r' | b'\n') => Self::Start,
                (Self::LineEnd | Self::Return, b'\n') => {
                    *self = Self::Start;
                    return Some(at);
                }
                (Self::LineEnd, b'\r') => Self::Return,
                _ => match bytes[at - 1..].iter().position(|byte| *byte == b'\n') {
                    Some(length) => {
                        at += length;
                        Self::LineEnd
                    }
                    None => {
                        at = bytes.len();
                        Self::Line
                    }
                },
            };
        }
        None
    }
}

/// The part of a request's body that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    Complete,
    /// The number of bytes left.
    Length(u64),
    Chunked(Chunks),
}

impl Body {
    pub(super) fn of_length(bytes: u64) -> Self {
        if bytes == 0 { Self::Complete } else { Self::Length(bytes) }
    }

    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunks { state: Chunk::SizeFirst, left: 0 })
    }

    pub(super) fn is_complete(self) -> bool {
        self == Self::Complete
    }

    /// Consumes bytes. Returns how many of them belong to the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Complete => 0,
            Self::Length(left) => {
                let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *self = Self::of_length(*left - taken as u64);
                taken
            }
            Self::Chunked(chunks) => {
                let taken = chunks.take(bytes);
                if chunks.state == Chunk::End {
                    *self = Self::Complete;
                }
                taken
            }
        }
    }
}

/// The state of a chunked body (RFC 9112 section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    state: Chunk,
    /// Bytes left of the chunk's data, or the size parsed so far.
    left: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    SizeFirst,
    Size,
    SizeSpace,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    EndCr,
    Trailer,
    TrailerLf,
    EndLf,
    End,
    /// Malformed. The rest is passed on, so that the decoder rejects it.
    Broken,
}

impl Chunks {
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while self.state != Chunk::End {
            let Some(byte) = bytes.get(at).copied() else { return at };
            match self.state {
                Chunk::Data => {
                    let there = bytes.len() - at;
                    let step = there.min(usize::try_from(self.left).unwrap_or(usize::MAX));
                    at += step;
                    self.left -= step as u64;
                    if self.left == 0 {
                        self.state = Chunk::DataCr;
                    }
                }
                Chunk::Broken => return bytes.len(),
                _ => {
                    at += 1;
                    self.state = self.next(byte);
                }
            }
        }
        at
    }

    fn next(&mut self, byte: u8) -> Chunk {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        match (self.state, byte, digit) {
            (Chunk::SizeFirst, _, Some(digit)) => {
                self.left = digit;
                Chunk::Size
            }
            (Chunk::Size, _, Some(digit)) => match self.left.checked_mul(16) {
                Some(size) => {
                    self.left = size + digit;
                    Chunk::Size
                }
                None => Chunk::Broken,
            },
            (Chunk::Size | Chunk::SizeSpace, b' ' | b'\t', _) => Chunk::SizeSpace,
            (Chunk::Size | Chunk::SizeSpace, b';', _) => Chunk::Extension,
            (Chunk::Size | Chunk::SizeSpace | Chunk::Extension, b'\r', _) => Chunk::SizeLf,
            (Chunk::Extension, 0x00..=0x08 | 0x0a..=0x1f | 0x7f, _) => Chunk::Broken,
            (Chunk::Extension, _, _) => Chunk::Extension,
            (Chunk::SizeLf, b'\n', _) if self.left == 0 => Chunk::EndCr,
            (Chunk::SizeLf, b'\n', _) => Chunk::Data,
            (Chunk::DataCr, b'\r', _) => Chunk::DataLf,
            (Chunk::DataLf, b'\n', _) => Chunk::SizeFirst,
            (Chunk::EndCr, b'\r', _) => Chunk::EndLf,
            (Chunk::EndCr, _, _) => Chunk::Trailer,
            (Chunk::Trailer, b'\r', _) => Chunk::TrailerLf,
            (Chunk::Trailer, _, _) => Chunk::Trailer,
            (Chunk::TrailerLf, b'\n', _) => Chunk::EndCr,
            (Chunk::EndLf, b'\n', _) => Chunk::End,
            _ => Chunk::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes belong to the head, when fed in pieces of this size.
    fn head_of(text: &str, piece: usize) -> Option<usize> {
        let mut head = Head::default();
        let mut before = 0;
        text.as_bytes().chunks(piece).find_map(|bytes| {
            let end = head.take(bytes).map(|taken| before + taken);
            before += bytes.len();
            end
        })
    }

    #[test]
    fn a_head_ends_with_its_first_empty_line_however_it_is_split() {
        for (head, rest) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET"),
            ("GET / HTTP/1.1\nHost: x\n\n", "\r\n"),
            ("\r\n\nGET / HTTP/1.1\r\nA: b\r\n\n", "body"),
            ("GET / HTTP/1.1\n\r\n", ""),
            ("G\r\r\n\r\n", "\n\n"),
        ] {
            let text = format!("{head}{rest}");
            for piece in 1..=text.len() {
                assert_eq!(head_of(&text, piece), Some(head.len()), "{text:?} by {piece}");
                assert_eq!(head_of(&head[..head.len() - 1], piece), None, "{head:?} by {piece}");
            }
        }
        assert_eq!(head_of("\r\n\r\n\r\n", 2), None, "empty lines are no head");
    }

    #[test]
    fn a_body_ends_where_its_framing_says_however_it_is_split() {
        let chunked = "4;a=\"b\"\r\nWiki\r\n0A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        for (body, bytes) in [(Body::chunked(), chunked), (Body::chunked(), "0\r\n\r\n"), (Body::of_length(3), "abc")] {
            let text = format!("{bytes}GET / HTTP/1.1\r\n");
            for piece in 1..=text.len() {
                let mut left = body;
                let taken: usize = text.as_bytes().chunks(piece).map(|part| left.take(part)).sum();
                assert_eq!((taken, left), (bytes.len(), Body::Complete), "{text:?} by {piece}");
            }
        }
        assert!(Body::of_length(0).is_complete());
    }

    #[test]
    fn malformed_input_is_left_to_the_decoder() {
        for malformed in ["x\r\n", "4\r\nWikiX", "10000000000000000\r\n", "1\n", "4;\x01\r\n", "0\r\n\rx"] {
            let mut body = Body::chunked();
            assert_eq!(body.take(malformed.as_bytes()), malformed.len(), "{malformed:?}");
            assert_eq!(body.take(b"0\r\n\r\nGET"), 8, "{malformed:?}");
            assert!(!body.is_complete());
        }
    }
}
