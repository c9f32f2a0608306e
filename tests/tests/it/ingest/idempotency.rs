//! A retried push counts once.

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event, totals_by_partner};

fn body() -> Value {
    let at = clock::now_ms();
    json!({ "events": [event("dhl", at, 200, 10.0), event("dhl", at, 503, 20.0)] })
}

async fn total(server: &Server) -> u64 {
    totals_by_partner(server.api()).await.get("dhl").copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_push_is_a_duplicate_also_after_a_restart() {
    let dir = data_dir();
    let body = body();
    let server = Server::start(dir.path(), &[]).await;
    for duplicate in [false, true, true] {
        let answer = server.api().push_once("key-1", &body).await.expect("an answer");
        assert_eq!((answer.status, &answer.body["duplicate"]), (200, &json!(duplicate)));
        assert_eq!(total(&server).await, 2);
    }
    server.kill();

    let server = Server::start(dir.path(), &[]).await;
    let answer = server.api().push_once("key-1", &body).await.expect("an answer");
    assert_eq!(answer.body["duplicate"], true, "{}", answer.text);
    assert_eq!(total(&server).await, 2);
    let answer = server.api().push_once("key-2", &body).await.expect("an answer");
    assert_eq!(answer.body["duplicate"], false, "another key is another push");
    assert_eq!(total(&server).await, 4);
    assert!(server.terminate().success());

    let server = Server::start(dir.path(), &[]).await;
    let answer = server.api().push_once("key-2", &body).await.expect("an answer");
    assert_eq!(answer.body["duplicate"], true, "{}", answer.text);
    assert_eq!(total(&server).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_under_the_same_key_is_an_error() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let (first, other) = (body(), json!({ "events": [event("dhl", clock::now_ms(), 200, 30.0)] }));
    server.api().push_once("key-1", &first).await.expect("an answer");
    let answer = server.api().push_once("key-1", &other).await.expect("an answer");
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(answer.body["code"], "idempotency_key_reused");
    assert_eq!(total(&server).await, 2);
    server.kill();

    let server = Server::start(dir.path(), &[]).await;
    let answer = server.api().push_once("key-1", &other).await.expect("an answer");
    assert_eq!(answer.status, 422, "also after a restart: {}", answer.text);
    let answer = server.api().push_once("key-1", &first).await.expect("an answer");
    assert_eq!((answer.status, &answer.body["duplicate"]), (200, &json!(true)));
    assert_eq!(total(&server).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_without_an_accepted_item_is_an_error_too() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let first = body();
    let others = [
        json!({ "events": [event("dhl", clock::now_ms(), 999, 30.0)] }),
        json!({ "event": [] }),
        json!({ "events": [] }),
        json!({}),
    ];
    for other in &others {
        let answer = server.api().push_once("key-1", other).await.expect("an answer");
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("nothing_accepted")));
    }
    server.api().push_once("key-1", &first).await.expect("an answer");
    for other in &others {
        let answer = server.api().push_once("key-1", other).await.expect("an answer");
        let code = &answer.body["code"];
        assert_eq!((answer.status, code), (422, &json!("idempotency_key_reused")), "{other}");
    }
    let answer = server.api().push_once("key-1", &first).await.expect("an answer");
    assert_eq!((answer.status, &answer.body["duplicate"]), (200, &json!(true)));
    assert_eq!(total(&server).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_concurrent_pushes_with_the_same_key_counts() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let body = body();
    for round in 1..=10_u64 {
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (api, body) = (server.api().clone(), body.clone());
                tokio::spawn(async move { api.push_once(&format!("key-{round}"), &body).await })
            })
            .collect();
        let mut first = 0;
        for task in tasks {
            let answer = task.await.expect("no panic").expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.text);
            first += u64::from(answer.body["duplicate"] == false);
        }
        assert_eq!(first, 1, "one of the sixteen was not a duplicate");
        assert_eq!(total(&server).await, 2 * round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_every_push_counts() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let body = body();
    for _ in 0..3 {
        assert_eq!(server.api().push(&body).await.body["duplicate"], false);
    }
    assert_eq!(total(&server).await, 6);
}
