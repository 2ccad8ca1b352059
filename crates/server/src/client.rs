//! The client of a request: its address and the host it has asked for, also behind trusted proxies.
//!
//! A proxy appends the address of its own client to `Forwarded` or `X-Forwarded-For`. Anybody can
//! send these headers, so they are read only if the peer is a trusted proxy, from the right: as long
//! as an entry is again a trusted proxy, the entry to its left was written by one. The first entry
//! that is not trusted is the client. What is left of it is the client's own claim.

mod forwarded;
mod network;
mod trusted_proxies;

use std::fmt;
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use self::forwarded::{Hop, hops_of_forwarded, hops_of_list};
pub(crate) use self::network::Network;
pub(crate) use self::trusted_proxies::TrustedProxies;

/// The address of a client, for everything that limits or logs by address. `None` for a client on a
/// Unix socket, whose access the operator controls with file permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// The address of the client that has sent a request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self::behind(proxies(request), request.peer_addr().map(|peer| peer.ip()), request.headers())
    }

    /// The address of the peer of a connection, which may be a proxy.
    pub(crate) fn of_peer(peer: Option<IpAddr>) -> Self {
        Self(peer.map(|peer| peer.to_canonical()))
    }

    fn behind(proxies: Option<&TrustedProxies>, peer: Option<IpAddr>, headers: &HeaderMap) -> Self {
        let peer = Self::of_peer(peer);
        let Some(proxies) = proxies.filter(|proxies| proxies.trusts(peer.0)) else { return peer };
        let follow = |hops: &mut dyn Iterator<Item = Hop>| {
            let mut client = peer;
            for Hop(address) in hops {
                // Without an address, the last trusted proxy is all that is known.
                let Some(address) = address else { break };
                client = Self::of_peer(Some(address));
                if !proxies.trusts(client.0) {
                    break;
                }
            }
            client
        };
        let standard = headers.contains_key(header::FORWARDED);
        let listed = headers.contains_key(header::X_FORWARDED_FOR);
        let of_standard = || follow(&mut hops_of_forwarded(headers).map(|element| element.hop));
        let of_list = || follow(&mut hops_of_list(headers));
        match (standard, listed) {
            (false, false) => peer,
            (true, false) => of_standard(),
            (false, true) => of_list(),
            // Most proxies write only one of them and pass the other on as the client sent it.
            (true, true) => {
                let client = of_standard();
                if client == of_list() { client } else { peer }
            }
        }
    }

    /// What limits count as one client.
    pub(crate) fn network(self) -> Option<Network> {
        self.0.map(Network::of)
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unix"),
        }
    }
}

/// The host that the client has asked for: `Host` or, if a trusted proxy has changed that, what the
/// proxy says in `Forwarded` or `X-Forwarded-Host`.
pub(crate) fn requested_host(request: &HttpRequest) -> Option<String> {
    let headers = request.headers();
    let text = |value: &header::HeaderValue| value.to_str().ok().map(|host| host.trim().to_owned());
    let peer = ClientAddress::of_peer(request.peer_addr().map(|peer| peer.ip()));
    if proxies(request).is_some_and(|proxies| proxies.trusts(peer.0)) {
        let listed = headers.get_all(header::X_FORWARDED_HOST).last().and_then(text);
        let listed = listed.and_then(|hosts| hosts.rsplit(',').next().map(|host| host.trim().to_owned()));
        let forwarded = listed.or_else(|| hops_of_forwarded(headers).next()?.host);
        if forwarded.is_some() {
            return forwarded;
        }
    }
    // HTTP/2 has no `Host`.
    let authority = || request.uri().authority().map(|authority| authority.as_str().to_owned());
    headers.get(header::HOST).and_then(text).or_else(authority)
}

/// The proxies that the service trusts. `None` outside of its paths.
fn proxies(request: &HttpRequest) -> Option<&TrustedProxies> {
    request.app_data::<TrustedProxies>()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    const PROXIES: &str = "10.0.0.0/8, 2001:db8:ffff::/48, unix";

    fn request(peer: Option<&str>, headers: &[(&str, &str)]) -> HttpRequest {
        let request = TestRequest::default().app_data(TrustedProxies::parse(PROXIES.split(',')).unwrap());
        let request = match peer {
            Some(peer) => request.peer_addr((peer.parse::<IpAddr>().unwrap(), 5_000).into()),
            None => request,
        };
        headers.iter().fold(request, |request, header| request.append_header(*header)).to_http_request()
    }

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        ClientAddress::of(&request(Some(peer), headers)).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_can_name_the_client() {
        for headers in [[("forwarded", "for=192.0.2.7")], [("x-forwarded-for", "192.0.2.7")]] {
            assert_eq!(client("10.1.2.3", &headers), "192.0.2.7");
            assert_eq!(client("::ffff:10.1.2.3", &headers), "192.0.2.7");
            assert_eq!(client("198.51.100.1", &headers), "198.51.100.1");
            assert_eq!(ClientAddress::of(&request(None, &headers)).to_string(), "192.0.2.7");
        }
        assert_eq!(client("10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(ClientAddress::of(&request(None, &[])).to_string(), "unix");
    }

    #[test]
    fn addresses_that_the_client_has_claimed_are_ignored() {
        for (list, expected) in [
            ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
            ("10.9.9.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
            ("192.0.2.7,10.0.0.3,10.0.0.2", "192.0.2.7"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            // Malformed: the last trustworthy hop.
            ("192.0.2.7, unknown", "10.1.2.3"),
            ("192.0.2.7, nonsense, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7,", "10.1.2.3"),
            ("", "10.1.2.3"),
        ] {
            assert_eq!(client("10.1.2.3", &[("x-forwarded-for", list)]), expected, "{list:?}");
        }
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(client("10.1.2.3", &lines), "192.0.2.7", "several lines are one list");
    }

    #[test]
    fn the_standard_header_is_read_with_its_quotes() {
        for (elements, expected) in [
            ("for=203.0.113.9;proto=http, For=192.0.2.7;by=10.0.0.2;proto=https", "192.0.2.7"),
            (r#"for="[2001:db8::7]:4711""#, "2001:db8::7"),
            (r#"for="192.0.2.7:4711";host="a, b;\"c""#, "192.0.2.7"),
            (r#"for=192.0.2.7, for="[2001:db8:ffff::2]""#, "192.0.2.7"),
            // Malformed: the last trustworthy hop.
            ("for=192.0.2.7, for=unknown", "10.1.2.3"),
            ("for=192.0.2.7, for=_hidden", "10.1.2.3"),
            ("for=192.0.2.7, proto=https", "10.1.2.3"),
            ("for=192.0.2.7, for=10.0.0.2;for=192.0.2.8", "10.1.2.3"),
            ("for=192.0.2.7, nonsense, for=10.0.0.2", "10.0.0.2"),
            // The client has opened a quotation that swallows what the proxy wrote.
            (r#"for="192.0.2.7, for=192.0.2.8"#, "10.1.2.3"),
        ] {
            assert_eq!(client("10.1.2.3", &[("forwarded", elements)]), expected, "{elements:?}");
        }
    }

    #[test]
    fn a_header_that_contradicts_the_other_one_names_nobody() {
        let both = |standard, listed| client("10.1.2.3", &[("forwarded", standard), ("x-forwarded-for", listed)]);
        assert_eq!(both("for=192.0.2.7", "203.0.113.9, 192.0.2.7"), "192.0.2.7");
        assert_eq!(both("for=192.0.2.8", "192.0.2.7"), "10.1.2.3");
    }

    #[test]
    fn a_trusted_proxy_can_tell_the_host() {
        let host = |peer, headers: &[(&str, &str)]| {
            let mut all = vec![("host", "internal:8080")];
            all.extend(headers);
            requested_host(&request(Some(peer), &all)).unwrap()
        };
        assert_eq!(host("10.1.2.3", &[]), "internal:8080");
        assert_eq!(host("10.1.2.3", &[("x-forwarded-host", "a.example, chat.example")]), "chat.example");
        assert_eq!(host("10.1.2.3", &[("forwarded", "for=192.0.2.7;host=\"chat.example:8443\"")]), "chat.example:8443");
        assert_eq!(host("192.0.2.7", &[("x-forwarded-host", "chat.example")]), "internal:8080");
    }
}
