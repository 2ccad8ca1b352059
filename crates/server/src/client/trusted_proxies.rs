//! The proxies that may name the client of a request.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// Addresses of proxies whose headers are believed. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies {
    networks: Arc<[IpNet]>,
    /// Whether peers on a Unix socket are trusted.
    unix: bool,
}

impl TrustedProxies {
    /// Parses IP addresses, networks (`10.0.0.0/8`) and the word `unix`. Empty entries are ignored.
    ///
    /// # Errors
    /// The first other entry.
    pub(crate) fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let (mut networks, mut unix) = (Vec::new(), false);
        for entry in entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()) {
            if entry == "unix" {
                unix = true;
                continue;
            }
            let network = entry.parse::<IpNet>().ok();
            let network = network.or_else(|| entry.parse::<IpAddr>().ok().map(|address| address.to_canonical().into()));
            networks.push(network.ok_or(entry)?);
        }
        Ok(Self { networks: networks.into(), unix })
    }

    /// Whether a peer is a trusted proxy. `None`: a peer on a Unix socket.
    pub(crate) fn trusts(&self, peer: Option<IpAddr>) -> bool {
        match peer.map(|peer| peer.to_canonical()) {
            Some(peer) => self.networks.iter().any(|network| network.contains(&peer)),
            None => self.unix,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn proxies_are_addresses_networks_and_unix_sockets() {
        let trusts = |entries: &str, peer: &str| {
            TrustedProxies::parse(entries.split(',')).unwrap().trusts(peer.parse::<IpAddr>().ok())
        };
        assert!(trusts("10.0.0.1", "10.0.0.1") && !trusts("10.0.0.1", "10.0.0.2"));
        assert!(trusts("10.0.0.1", "::ffff:10.0.0.1") && trusts("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(trusts("10.0.0.0/8,fd00::/8", "fd00::1") && trusts("10.0.0.7/8", "10.9.9.9"));
        assert!(trusts("unix", "") && !trusts("10.0.0.0/8", "") && !trusts("", "10.0.0.1"));
        for bad in ["10.0.0", "10.0.0.0/33", "proxy.example", "10.0.0.1:80", "*"] {
            assert_eq!(TrustedProxies::parse(["10.0.0.1", bad]), Err(bad));
        }
    }
}
