//! Clients that send nothing, too little, or too slowly.

use std::time::Duration;

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};

use super::{Client, PUSH_HEAD, body, closed, status, wait_for};
use crate::common::{data_dir, event};

const TIMEOUTS: [&str; 4] = ["--request-timeout", "1s", "--idle-timeout", "2s"];

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_arrive_ends_the_connection() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &TIMEOUTS).await;
    let silent = Client::connect(&server).await;
    let mut half_line = Client::connect(&server).await;
    half_line.send("GET /api/v1/par");
    let mut dripped_line = Client::connect(&server).await;
    dripped_line.send("GET /");
    dripped_line.drip(b'a');
    let mut dripped_headers = Client::connect(&server).await;
    dripped_headers.send("GET /readyz HTTP/1.1\r\nhost: x\r\nx-dripped: ");
    dripped_headers.drip(b'a');
    let mut second_request = Client::connect(&server).await;
    second_request.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(second_request.answer().0, 200);
    second_request.send("GET /readyz HTTP/1.1\r\nhost: x\r\nx-dripped: ");
    second_request.drip(b'a');

    let now = clock::now_ms();
    server.api().push(&json!({ "events": [event("dhl", now, 200, 5.0)] })).await;
    for client in [silent, half_line, dripped_line, dripped_headers, second_request] {
        assert_eq!(client.rest(), "", "nothing was asked");
    }
    assert_eq!(closed(&server, "slow_request").await, 4);
    assert!(closed(&server, "idle").await >= 1, "the one that sent no byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_answered_with_408_and_ends_the_connection() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &TIMEOUTS).await;
    for length in ["content-length: 1000", "transfer-encoding: chunked"] {
        let mut client = Client::connect(&server).await;
        client.send(format!(
            "POST /api/v1/push HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
        ));
        if length.starts_with("transfer") {
            client.send("3e8\r\n");
        }
        client.drip(b' ');
        let answer = client.rest();
        assert_eq!(status(&answer), 408, "{answer}");
        let problem = body(&answer);
        assert_eq!(problem["code"], "body_timeout");
        assert!(problem["detail"].as_str().is_some_and(|it| it.contains("1 s")), "{problem}");
    }
    // A connection ends when the client has stopped to send.
    wait_for(&server, "plimsoll_connections_closed_total{reason=\"slow_request\"}", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_with_a_body_gives_up_when_it_drips() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &TIMEOUTS).await;
    let description = server.api().get("/openapi.json").await;
    let mut clients = Vec::new();
    for (path, calls) in description["paths"].as_object().expect("paths") {
        let calls = calls.as_object().expect("calls");
        for (method, _) in calls.iter().filter(|(_, call)| call["requestBody"] != Value::Null) {
            let (method, path) = (method.to_uppercase(), path.replace(['{', '}'], ""));
            let mut client = Client::connect(&server).await;
            client.send(format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                 content-length: 1000\r\n\r\n"
            ));
            client.drip(b' ');
            clients.push((format!("{method} {path}"), client));
        }
    }
    assert!(clients.len() > 5, "{}", clients.len());
    for (call, client) in clients {
        let answer = client.rest();
        let status = status(&answer);
        assert!((400..500).contains(&status), "{call}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_requests_is_closed_and_a_busy_one_stays() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--idle-timeout", "1s"]).await;
    let mut idle = Client::connect(&server).await;
    let mut busy = Client::connect(&server).await;
    idle.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(idle.answer(), (200, "ok\n".to_owned()));
    for _ in 0..30 {
        busy.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n");
        assert_eq!(busy.answer(), (200, "ok\n".to_owned()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(idle.rest(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_follow_each_other_at_once_are_answered_in_order() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut client = Client::connect(&server).await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    // Two requests and the beginning of a third, whose rest comes later.
    let third = request("/livez");
    let (begin, end) = third.split_at(10);
    client.send(format!("{}{}{begin}", request("/readyz"), request("/nowhere")));
    assert_eq!((client.answer().0, client.answer().0), (200, 404));
    client.send(end);
    assert_eq!(client.answer().0, 200);
    let push = json!({ "events": [event("dhl", clock::now_ms(), 200, 5.0)] }).to_string();
    let pushes = format!("{PUSH_HEAD}{}\r\n\r\n{push}", push.len()).repeat(3);
    client.send(pushes);
    for _ in 0..3 {
        assert_eq!(client.answer().0, 200);
    }
    client.send("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let answer = client.rest();
    assert!(answer.ends_with("ok\n"), "the last answer ends the connection: {answer}");
    let mut old = Client::connect(&server).await;
    old.send("GET /readyz HTTP/1.0\r\n\r\n");
    assert_eq!(status(&old.rest()), 200);
}
