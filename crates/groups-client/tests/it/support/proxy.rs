//! A proxy that passes requests to the server, and loses the first answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Ends with this value.
pub(crate) struct LossyProxy {
    address: SocketAddr,
    requests: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl LossyProxy {
    /// Closes the client's connection instead of passing on the first `lost` answers.
    pub(crate) async fn before(server: SocketAddr, lost: u32) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&counted), lost));
            }
        });
        Self { address, requests, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests have arrived.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Relaxed)
    }
}

impl Drop for LossyProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes the requests of one connection. Small messages arrive in one piece on loopback.
async fn pass(mut client: TcpStream, server: SocketAddr, requests: Arc<AtomicU32>, lost: u32) {
    let mut upstream = TcpStream::connect(server).await.unwrap();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        upstream.write_all(&buffer[..count]).await.unwrap();
        let count = upstream.read(&mut buffer).await.unwrap();
        if requests.fetch_add(1, Relaxed) < lost || client.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
