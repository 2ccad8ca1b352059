//! Free ports of this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use uuid::Uuid;

/// Finds a free port below the ephemeral range, of which a run uses thousands.
pub(super) fn free_address() -> Result<SocketAddr, std::io::Error> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    let offset = u16::try_from(Uuid::now_v7().as_u128() % u128::from(COUNT)).unwrap_or(0);
    for step in 0..COUNT {
        let port = FIRST + (offset + step) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(std::io::ErrorKind::AddrInUse.into())
}
