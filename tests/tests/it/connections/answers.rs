//! Answers that nobody reads, and answers to requests that are still being sent.

use plimsoll_tests::Server;

use super::{Client, PUSH_HEAD, body, closed, metric, status, unread_answer};
use crate::common::{data_dir, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_ends_the_connection() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--response-timeout", "500ms"]).await;
    let client = unread_answer(&server).await;
    let start = std::time::Instant::now();
    while closed(&server, "slow_reader").await == 0 {
        assert!(start.elapsed() < super::PATIENCE, "it stays open");
    }
    let received = client.rest();
    assert!(!received.ends_with('}'), "the answer is larger than all buffers");
    assert_eq!(metric(&server, "plimsoll_connections{state=\"active\"}").await, 1, "this one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_that_goes_on_gets_the_whole_answer() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--response-timeout", "60s"]).await;
    let mut client = unread_answer(&server).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    client.send("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let all = client.rest();
    let (first, second) = all.split_once("HTTP/1.1 200 OK").expect("a second answer");
    assert!(first.len() > 4_000_000 && first.ends_with('}'), "{} bytes", first.len());
    assert!(second.ends_with("ok\n"), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_for_a_large_body_can_be_read_by_a_client_that_is_still_sending() {
    const BYTES: usize = 40_000_000;
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let large = " ".repeat(BYTES);
    let chunked = "POST /api/v1/push HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n2625a00\r\n";
    let post = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {BYTES}\r\n\r\n"
        )
    };
    for (head, expected) in [
        (format!("{PUSH_HEAD}{BYTES}\r\n\r\n"), 413),
        (chunked.to_owned(), 413),
        (post("/api/v1/silences"), 413),
        (post("/nowhere"), 404),
        (post("/readyz"), 405),
        (post("/readyz").replace("POST", "GET"), 200),
    ] {
        let mut client = Client::connect(&server).await;
        client.send(&head);
        client.send(&large);
        let answer = client.rest();
        assert_eq!(status(&answer), expected, "{head}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
        if expected == 413 {
            assert_eq!(body(&answer)["code"], "body_too_large");
        }
    }
    wait_until("the server goes on", || !server.log().contains("panicked")).await;
}
