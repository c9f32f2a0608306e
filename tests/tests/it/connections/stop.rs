//! A stop ends within seconds, whatever clients do.

use std::time::{Duration, Instant};

use plimsoll_tests::{Server, clock};
use serde_json::json;

use super::{Client, PUSH_HEAD, unread_answer, wait_for};
use crate::common::{data_dir, event, totals_by_partner, wait_until};

/// A stop takes 5 s at most; the rest is for a slow machine.
const STOP: Duration = Duration::from_secs(8);

fn stops_in_time(server: Server) {
    let start = Instant::now();
    let status = server.terminate();
    assert!(status.success(), "{status}");
    assert!(start.elapsed() < STOP, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_connection_without_a_request() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let silent = Client::connect(&server).await;
    let mut idle = Client::connect(&server).await;
    idle.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(idle.answer().0, 200);
    let mut half_line = Client::connect(&server).await;
    half_line.send("GET /api/v1/par");
    let mut dripped = Client::connect(&server).await;
    dripped.send("GET /readyz HTTP/1.1\r\nhost: x\r\nx-dripped: ");
    dripped.drip(b'a');
    server.signal_terminate();
    for client in [silent, idle, half_line, dripped] {
        assert_eq!(client.rest(), "");
    }
    stops_in_time(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_bodies_that_drip_and_answers_that_nobody_reads() {
    let dir = data_dir();
    let server =
        Server::start(dir.path(), &["--request-timeout", "1m", "--response-timeout", "1m"]);
    let server = server.await;
    let mut clients = Vec::new();
    for path in ["push", "silences", "backtests", "acknowledgements"] {
        let mut client = Client::connect(&server).await;
        client.send(format!(
            "POST /api/v1/{path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: 100000\r\n\r\n"
        ));
        client.drip(b' ');
        clients.push(client);
    }
    clients.push(unread_answer(&server).await);
    stops_in_time(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_runs_when_the_server_stops_is_answered() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut client = Client::connect(&server).await;
    let push = json!({ "events": [event("dhl", clock::now_ms(), 200, 5.0)] }).to_string();
    let (begin, end) = push.split_at(20);
    client.send(format!("{PUSH_HEAD}{}\r\n\r\n{begin}", push.len()));
    // The other one is the request for the metrics.
    wait_for(&server, "plimsoll_connections{state=\"active\"}", 2).await;
    server.signal_terminate();
    wait_until("the stop begins", || server.log().contains("stopping")).await;
    client.send(end);
    assert_eq!(client.answer().0, 200);
    assert_eq!(client.rest(), "");
    stops_in_time(server);
    let server = Server::start(dir.path(), &[]).await;
    assert_eq!(totals_by_partner(server.api()).await["dhl"], 1);
}
