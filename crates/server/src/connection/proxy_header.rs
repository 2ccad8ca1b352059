//! The header with which a proxy announces its client on a new connection: the PROXY protocol,
//! versions 1 and 2 (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).
//!
//! The library `ppp` depends on a second version of `thiserror`.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Why a connection does not begin with such a header.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyHeaderError {
    #[error("the connection ended or failed within the PROXY header")]
    Io(#[from] io::Error),
    #[error("the connection does not begin with a PROXY header")]
    Missing,
    #[error("the PROXY header is malformed: {0}")]
    Malformed(&'static str),
}

/// The first bytes of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Maximum length of a header of version 1, in bytes.
const LINE_BYTES_MAX: usize = 107;

/// Maximum length of what follows the first 16 bytes in version 2. A header with a client certificate
/// has about 2 KiB.
const REST_BYTES_MAX: usize = 4 * 1024;

/// Reads the header and nothing beyond it. Returns the client; `None` if the proxy has connected for
/// itself, or for a client without an IP address.
///
/// # Errors
/// [`ProxyHeaderError`] if the connection begins with anything else.
pub(crate) async fn read_proxy_header(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    let mut start = [0; SIGNATURE.len()];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        binary(stream).await
    } else if start.starts_with(b"PROXY ") {
        text(stream, &start).await
    } else {
        Err(ProxyHeaderError::Missing)
    }
}

async fn binary(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    use ProxyHeaderError::Malformed;
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let [version_and_command, family_and_protocol, high, low] = fixed;
    if version_and_command >> 4 != 2 {
        return Err(Malformed("unknown version"));
    }
    let rest_bytes = usize::from(u16::from_be_bytes([high, low]));
    if rest_bytes > REST_BYTES_MAX {
        return Err(Malformed("too long"));
    }
    let mut rest = vec![0; rest_bytes];
    stream.read_exact(&mut rest).await?;
    match version_and_command & 0x0f {
        // LOCAL: a health check. The addresses must be ignored.
        0 => return Ok(None),
        1 => {}
        _ => return Err(Malformed("unknown command")),
    }
    match family_and_protocol {
        // TCP over IPv4: two addresses, two ports.
        0x11 => match rest.get(..12) {
            Some(&[a, b, c, d, _, _, _, _, high, low, _, _]) => {
                Ok(Some((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])).into()))
            }
            _ => Err(Malformed("the addresses are incomplete")),
        },
        // TCP over IPv6.
        0x21 => {
            let addresses = rest.get(..36).ok_or(Malformed("the addresses are incomplete"))?;
            let mut source = [0; 16];
            source.copy_from_slice(&addresses[..16]);
            Ok(Some((Ipv6Addr::from(source), u16::from_be_bytes([addresses[32], addresses[33]])).into()))
        }
        // Unspecified, or a Unix socket: the proxy is all that is known.
        0x00 | 0x31 => Ok(None),
        _ => Err(Malformed("the client does not use a stream")),
    }
}

async fn text(stream: &mut (impl AsyncRead + Unpin), start: &[u8]) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    use ProxyHeaderError::Malformed;
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        // Never more than what must still come, because what follows the line is the client's.
        let missing = if line.ends_with(b"\r") { 1 } else { 2 };
        if line.len() + missing > LINE_BYTES_MAX {
            return Err(Malformed("too long"));
        }
        let mut more = [0; 2];
        stream.read_exact(&mut more[..missing]).await?;
        line.extend_from_slice(&more[..missing]);
    }
    let line = std::str::from_utf8(&line).map_err(|_| Malformed("not ASCII"))?.trim_end_matches("\r\n");
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, _, port, _] => {
            let port = port.parse().map_err(|_| Malformed("invalid port"))?;
            let address = match family {
                "TCP4" => source.parse::<Ipv4Addr>().map(Into::into),
                _ => source.parse::<Ipv6Addr>().map(Into::into),
            };
            let address: std::net::IpAddr = address.map_err(|_| Malformed("invalid address"))?;
            Ok(Some((address, port).into()))
        }
        _ => Err(Malformed("unknown protocol, or words are missing")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures_util::FutureExt as _;
    use tokio::io::ReadBuf;

    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl AsyncRead for Slow<'_> {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if let Some((first, rest)) = self.0.split_first() {
                buf.put_slice(&[*first]);
                self.0 = rest;
            }
            Poll::Ready(Ok(()))
        }
    }

    /// The client, and what is left to read.
    fn read(bytes: &[u8]) -> Result<(Option<SocketAddr>, usize), ProxyHeaderError> {
        let mut whole = bytes;
        let client = read_proxy_header(&mut whole).now_or_never().unwrap();
        let mut slow = Slow(bytes);
        let slowly = read_proxy_header(&mut slow).now_or_never().unwrap();
        assert_eq!(client.as_ref().ok(), slowly.as_ref().ok());
        assert!(client.is_err() || whole == slow.0);
        client.map(|client| (client, whole.len()))
    }

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &length, rest].concat()
    }

    #[test]
    fn both_versions_name_the_client_and_end_where_http_begins() {
        let http = b"GET / HTTP/1.1\r\n\r\n";
        let client = |header: &[u8]| {
            let (client, left) = read(&[header, http].concat()).unwrap();
            assert_eq!(left, http.len());
            client.map(|client| client.to_string())
        };
        assert_eq!(client(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n").as_deref(), Some("192.0.2.7:4711"));
        assert_eq!(client(b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n").as_deref(), Some("[2001:db8::7]:4711"));
        assert_eq!(client(b"PROXY UNKNOWN\r\n"), None);
        assert_eq!(client(b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), None);
        let mut ipv4 = vec![192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb];
        assert_eq!(client(&v2(1, 0x11, &ipv4)).as_deref(), Some("192.0.2.7:4711"));
        ipv4.extend([0x04, 0, 1, b'x']);
        assert_eq!(client(&v2(1, 0x11, &ipv4)).as_deref(), Some("192.0.2.7:4711"), "further fields are skipped");
        let source: Ipv6Addr = "2001:db8::7".parse().unwrap();
        let ipv6 = [&source.octets()[..], &[0; 16], &[0x12, 0x67, 0, 80]].concat();
        assert_eq!(client(&v2(1, 0x21, &ipv6)).as_deref(), Some("[2001:db8::7]:4711"));
        assert_eq!(client(&v2(0, 0x00, &[])), None, "LOCAL");
        assert_eq!(client(&v2(0, 0x11, &ipv4)), None, "the addresses of LOCAL are ignored");
        assert_eq!(client(&v2(1, 0x31, &[0; 216])), None, "a Unix socket");
    }

    #[test]
    fn anything_else_is_an_error() {
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        for bad in [
            b"GET / HTTP/1.1\r\n\r\n".as_slice(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n",
            b"PROXY TCP4 2001:db8::7 ::1 4711 443\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 99999 443\r\n",
            b"PROXY UDP4 192.0.2.7 10.0.0.1 4711 443\r\n",
            b"PROXY TCP4 192.0.2.7",
            b"",
            &long,
            &SIGNATURE,
            &v2(2, 0x11, &[0; 12]),
            &v2(1, 0x11, &[0; 11]),
            &v2(1, 0x21, &[0; 35]),
            &v2(1, 0x12, &[0; 12]),
            &v2(1, 0x11, &[0; 5_000]),
            &v2(1, 0x11, &[0; 12])[..20],
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        let mut version_3 = v2(1, 0x11, &[0; 12]);
        version_3[12] = 0x31;
        assert!(read(&version_3).is_err());
    }
}
