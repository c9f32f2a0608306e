//! Bounds on the number of connections.

use std::net::Ipv4Addr;

use plimsoll_tests::Server;

use super::{Client, From, PUSH_HEAD, body, closed, metric, status, wait_for};
use crate::common::data_dir;

const READY: &str = "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n";

/// Connections that have a request: a part of its body is missing.
async fn active(server: &Server, count: usize, from: From) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = Client::connect_from(server, from).await;
        client.send(format!("{PUSH_HEAD}1000\r\n\r\n{{"));
        clients.push(client);
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_that_is_idle_for_the_longest_time_makes_room() {
    let dir = data_dir();
    let args = ["--connections-max", "8", "--connections-per-address-max", "8"];
    let server = Server::start(dir.path(), &args).await;
    let mut busy = active(&server, 1, From::default()).await;
    let mut idle = Vec::new();
    for _ in 0..10 {
        let mut client = Client::connect(&server).await;
        client.send(READY);
        assert_eq!(client.answer().0, 200);
        idle.push(client);
    }
    let mut newest = idle.split_off(7);
    for client in newest.iter_mut().rev() {
        client.send(READY);
        assert_eq!(client.answer().0, 200, "the newest ones stay");
    }
    assert_eq!(idle.swap_remove(0).rest(), "", "the oldest one was closed");
    assert!(closed(&server, "room").await >= 3);
    assert!(server.log().contains("connections_max"), "the log says what to change");
    assert_eq!(metric(&server, "plimsoll_connections_refused_total").await, 0);
    let push = "\"events\":[]}";
    busy[0].send(format!("{push}{}", " ".repeat(999 - push.len())));
    assert_eq!(busy[0].answer().0, 422, "a connection with a request is not closed for another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_place_gets_an_answer() {
    let dir = data_dir();
    let args = ["--connections-max", "4", "--connections-per-address-max", "4"];
    let server =
        Server::start(dir.path(), &[&args[..], &["--request-timeout", "1h"]].concat()).await;
    let (start, mut with_request) = (std::time::Instant::now(), Vec::new());
    let refused = loop {
        // One that the server has not yet read from can still be closed for the next one.
        with_request.extend(active(&server, 1, From::default()).await);
        let mut client = Client::connect(&server).await;
        client.send(READY.replace("host: x", "host: x\r\nconnection: close"));
        let answer = client.rest();
        if answer.contains(" 503 ") {
            break answer;
        }
        assert!(start.elapsed() < super::PATIENCE, "no connection is refused");
    };
    assert_eq!(status(&refused), 503, "{refused}");
    assert_eq!(body(&refused)["code"], "busy");
    drop(with_request);
    wait_for(&server, "plimsoll_connections{state=\"active\"}", 1).await;
    assert!(metric(&server, "plimsoll_connections_refused_total").await >= 1);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn one_address_leaves_places_to_others() {
    let dir = data_dir();
    let args = ["--connections-max", "20", "--connections-per-address-max", "4"];
    let server = Server::start(dir.path(), &args).await;
    let other = From { address: Ipv4Addr::new(127, 0, 0, 2), ..From::default() };
    let greedy = active(&server, 8, other).await;
    let mut client = Client::connect(&server).await;
    client.send(READY);
    assert_eq!(client.answer().0, 200);
    // Its own request is one of them.
    wait_for(&server, "plimsoll_connections{state=\"active\"}", 5).await;
    drop(greedy);
    wait_for(&server, "plimsoll_connections{state=\"active\"}", 1).await;
}
