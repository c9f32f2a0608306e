//! Connections: how many there may be, how long clients may take, and how they end when the server stops.

mod answers;
mod full;
mod slow;
mod stop;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::common::event;

/// What must end is given up after this time; nothing else depends on how fast the machine is.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two bytes of a client that drips.
const DRIP_EVERY: Duration = Duration::from_millis(20);
/// A push without its body.
const PUSH_HEAD: &str =
    "POST /api/v1/push HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ";

/// A client that keeps to HTTP only as far as a test wants.
struct Client(TcpStream);

/// How a client connects.
#[derive(Debug, Clone, Copy)]
struct From {
    address: Ipv4Addr,
    receive_buffer_bytes: Option<u32>,
}

impl Default for From {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST, receive_buffer_bytes: None }
    }
}

impl Client {
    async fn connect(server: &Server) -> Self {
        Self::connect_from(server, From::default()).await
    }

    async fn connect_from(server: &Server, from: From) -> Self {
        let address = server.base().trim_start_matches("http://").parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = from.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes).expect("a size");
        }
        socket.bind(SocketAddr::from((from.address, 0))).expect("a local address");
        let stream = socket.connect(address).await.expect("the server accepts");
        let stream = stream.into_std().expect("a socket");
        stream.set_nonblocking(false).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self(stream)
    }

    fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).expect("the server takes it");
    }

    /// Sends a byte now and then, until the connection ends.
    fn drip(&self, byte: u8) {
        let mut stream = self.0.try_clone().expect("a socket");
        thread::spawn(move || {
            while stream.write_all(&[byte]).is_ok() {
                thread::sleep(DRIP_EVERY);
            }
        });
    }

    /// Reads until the server ends the connection; returns all that it has sent.
    fn rest(mut self) -> String {
        let mut all = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut all) {
            let text = String::from_utf8_lossy(&all);
            let kind = error.kind();
            assert_eq!(kind, std::io::ErrorKind::ConnectionReset, "it stays open after {text:?}");
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Reads one answer, which has a length, and its status.
    fn answer(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.byte());
        }
        let head = String::from_utf8(head).expect("a head is text").to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().expect("a number");
        let body = (0..length).map(|_| self.byte()).collect();
        (status(&head), String::from_utf8(body).expect("text"))
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("the answer goes on");
        byte[0]
    }
}

/// The status of an answer.
fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

/// The JSON body of an answer.
fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    serde_json::from_str(body).expect("JSON")
}

/// The value of a metric; 0 when there is none.
async fn metric(server: &Server, name: &str) -> u64 {
    let metrics = server.api().try_get("/metrics").await.text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// How many connections were closed for a reason.
async fn closed(server: &Server, reason: &str) -> u64 {
    metric(server, &format!("plimsoll_connections_closed_total{{reason=\"{reason}\"}}")).await
}

/// Waits until a metric has a value.
async fn wait_for(server: &Server, name: &str, value: u64) {
    let start = Instant::now();
    while metric(server, name).await != value {
        assert!(start.elapsed() < PATIENCE, "{name} is not {value}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Requests an answer of megabytes, and reads nothing of it.
async fn unread_answer(server: &Server) -> Client {
    let at_ms = clock::now_ms() - 3_000_000;
    let events: Vec<_> = (0..200).map(|n| event(&format!("p{n}"), at_ms, 200, 5.0)).collect();
    server.api().push(&json!({ "events": events })).await;
    let from = From { receive_buffer_bytes: Some(4_096), ..From::default() };
    let mut client = Client::connect_from(server, from).await;
    client.send(format!(
        "GET /api/v1/query/outcomes?stream=requests&by=partner&window=1h&step=10s&start={at_ms} \
         HTTP/1.1\r\nhost: x\r\n\r\n"
    ));
    // The answer has begun.
    assert_eq!(client.byte(), b'H');
    client
}
