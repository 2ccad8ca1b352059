//! Connections that send exactly what they are given, from a chosen address of this machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Http, Server, within};

/// A request that ends its connection.
pub(super) const GET: &str = "GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Connects from one of the loopback addresses.
pub(super) async fn connect_from(ip: &str, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{ip}:0").parse().unwrap()).unwrap();
    let stream = within("a connection", socket.connect(server)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads until the server closes the connection.
pub(super) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset also ends it.
    within("the end of the connection", stream.read_to_end(&mut bytes)).await.ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends this and returns everything that comes back.
pub(super) async fn ask(mut stream: TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.ok();
    rest(&mut stream).await
}

/// Waits until the access log shows this client.
pub(super) async fn logs_client(server: &Server, client: &str) {
    let shown = format!("client={client} ");
    within(&shown, async {
        while !server.log().contains(&shown) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// The metrics, by name and labels.
pub(super) async fn metrics(http: &Http) -> BTreeMap<String, f64> {
    let text = http.get("/metrics").await.text();
    let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}
