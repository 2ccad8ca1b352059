//! A connection between a client and the server that can be interrupted and restored.

use std::net::SocketAddr;

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A proxy to a server. Its address behaves like the server unless the line is cut.
pub(crate) struct Line {
    address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Line {
    /// Starts a proxy with an intact line.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (whole, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, state.clone()));
            }
        });
        Self { address, whole }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes every connection, and every new one immediately.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Accepts new connections again.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

/// Forwards bytes both ways until one side closes or the line is cut.
async fn carry(mut client: TcpStream, server: SocketAddr, mut state: watch::Receiver<bool>) {
    if !*state.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        // Errors are visible to both ends.
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|whole| !whole) => {}
    }
}
