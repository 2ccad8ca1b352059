//! Which addresses webhooks can be sent to.
//!
//! Somebody who may register a URL must not be able to reach what only this machine or its network
//! can reach (server-side request forgery). So only globally reachable addresses are accepted: none of
//! the IANA registries of special-purpose addresses (RFC 6890), and none that another one is embedded
//! in. The check is done on addresses, never on the text of a URL, because one address has many
//! spellings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::http_client::HttpError;

/// <https://www.iana.org/assignments/iana-ipv4-special-registry/>, multicast, and an address that a cloud
/// has taken out of the public ones.
const REFUSED_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    // Services of the host on Azure.
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The addresses that are assigned globally
/// (<https://www.iana.org/assignments/ipv6-unicast-address-assignments/>). All others are refused, also
/// those with an IPv4 address in them: mapped, compatible, translated and NAT64.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0], 3);

/// What of it is special: <https://www.iana.org/assignments/iana-ipv6-special-registry/>.
const REFUSED_V6: [Ipv6Net; 4] = [
    // Protocol assignments, with Teredo and ORCHID.
    v6([0x2001, 0, 0, 0, 0, 0], 23),
    v6([0x2001, 0xdb8, 0, 0, 0, 0], 32),
    // 6to4.
    v6([0x2002, 0, 0, 0, 0, 0], 16),
    v6([0x3fff, 0, 0, 0, 0, 0], 20),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d, e, f]: [u16; 6], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, 0, 0), prefix)
}

/// Whether an address is globally reachable.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !REFUSED_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => GLOBAL_V6.contains(&address) && !REFUSED_V6.iter().any(|net| net.contains(&address)),
    }
}

/// Checks all addresses of a name. One that is refused is enough: otherwise a name with two addresses
/// could be connected to either.
///
/// # Errors
/// [`HttpError::Refused`].
pub(crate) fn check_public(addresses: &[SocketAddr]) -> Result<(), HttpError> {
    let refused = addresses.iter().map(SocketAddr::ip).find(|address| !is_public(*address));
    refused.map_or(Ok(()), |address| Err(HttpError::Refused(address)))
}

/// Accepts all addresses.
pub(crate) fn check_nothing(_: &[SocketAddr]) -> Result<(), HttpError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// The first and the last address of each range, and their neighbours that are public.
    const GOLDEN: &str = "
        0.0.0.0 refused          0.255.255.255 refused     1.0.0.0 public
        9.255.255.255 public     10.0.0.0 refused          10.255.255.255 refused    11.0.0.0 public
        100.63.255.255 public    100.64.0.0 refused        100.127.255.255 refused   100.128.0.0 public
        126.255.255.255 public   127.0.0.1 refused         127.255.255.255 refused   128.0.0.0 public
        168.63.129.15 public     168.63.129.16 refused     168.63.129.17 public
        1fff::1 refused          2000::1 public            4000::1 refused           200::1 refused
        ::ffff:0:127.0.0.1 refused  64:ff9b:2::7f00:1 refused
        169.253.255.255 public   169.254.169.254 refused   169.254.255.255 refused   169.255.0.0 public
        172.15.255.255 public    172.16.0.0 refused        172.31.255.255 refused    172.32.0.0 public
        191.255.255.255 public   192.0.0.0 refused         192.0.0.255 refused       192.0.1.0 public
        192.0.2.1 refused        192.0.3.0 public          192.88.98.255 public      192.88.99.1 refused
        192.88.100.0 public      192.167.255.255 public    192.168.0.0 refused       192.168.255.255 refused
        192.169.0.0 public       198.17.255.255 public     198.18.0.0 refused        198.19.255.255 refused
        198.20.0.0 public        198.51.99.255 public      198.51.100.7 refused      198.51.101.0 public
        203.0.112.255 public     203.0.113.7 refused       203.0.114.0 public        223.255.255.255 public
        224.0.0.1 refused        239.255.255.255 refused   240.0.0.0 refused         255.255.255.255 refused
        8.8.8.8 public           93.184.215.14 public
        :: refused               ::1 refused               ::7f00:1 refused          ::8.8.8.8 refused
        ::1:0:0 refused          ::ffff:127.0.0.1 refused  ::ffff:10.0.0.1 refused   ::ffff:8.8.8.8 refused
        64:ff9b::7f00:1 refused  64:ff9b::808:808 refused  64:ff9b:1::1 refused      64:ff9b:2::1 refused
        100::1 refused           100:0:0:1::1 refused      100:0:0:2::1 refused
        2001::1 refused          2001:0:4136:e378:8000:63bf:3fff:fdd2 refused        2001:1ff::1 refused
        2001:200::1 public       2001:db8::1 refused       2001:db9::1 public        2001:4860:4860::8888 public
        2002:7f00:1:: refused    2002:808:808:: refused    2003::1 public            2606:4700::1111 public
        3ffe:ffff::1 public      3fff::1 refused           3fff:fff::1 refused       3fff:1000::1 public
        5eff::1 refused          5f00::1 refused           5f01::1 refused
        fbff::1 refused          fc00::1 refused           fd00::1 refused           fe00::1 refused
        fe7f::1 refused          fe80::1 refused           febf::1 refused           fec0::1 refused
        feff::1 refused          ff02::1 refused           ffff::1 refused";

    #[test]
    fn addresses_are_refused_as_in_the_golden_table() {
        let mut words = GOLDEN.split_whitespace();
        let mut checked = 0;
        while let (Some(address), Some(expected)) = (words.next(), words.next()) {
            let public = is_public(address.parse().unwrap());
            assert_eq!(if public { "public" } else { "refused" }, expected, "{address}");
            checked += 1;
        }
        assert!(checked > 90, "{checked}");
    }

    #[test]
    fn one_refused_address_refuses_the_name() {
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 443);
        assert!(check_public(&[at("8.8.8.8"), at("2606:4700::1111")]).is_ok());
        for refused in ["127.0.0.1", "fd00::1"] {
            let all = [at("8.8.8.8"), at(refused), at("1.1.1.1")];
            assert!(matches!(check_public(&all), Err(HttpError::Refused(address)) if address == at(refused).ip()));
        }
    }
}
