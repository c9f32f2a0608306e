//! Streams: a flood of new ones leaves room for every other partner, and shows who makes it.

use plimsoll_tests::{Api, Server, clock};
use serde_json::{Value, json};

use crate::common::data_dir;

/// Pushes an event of each of some operations of a partner.
async fn push(api: &Api, partner: &str, operations: impl Iterator<Item = String>) -> Value {
    let at = clock::now_ms();
    let event = |operation| json!({ "stream": "requests", "partner": partner, "operation": operation, "at": at, "status": 200 });
    let events: Vec<Value> = operations.map(event).collect();
    api.try_push(&json!({ "events": events })).await.body
}

async fn metric(api: &Api, name: &str) -> Option<f64> {
    let text = api.try_get("/metrics").await.text;
    let line = text.lines().find(|line| line.starts_with(&format!("{name} ")))?.to_owned();
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_operations_is_rejected_item_by_item_and_others_have_room() {
    let dir = data_dir();
    let args = ["--streams-max", "1000"];
    let mut server = Server::start(dir.path(), &args).await;
    for start in 0..2 {
        let api = server.api();
        // One item of a new stream of the flood, which is rejected, does not cost the others.
        let answer = push(api, "flood", (0..300).map(|number| format!("order-{number}"))).await;
        assert_eq!(answer["accepted"], 100, "50, and a tenth of 500: {answer}");
        assert_eq!(answer["rejected_count"].as_u64().unwrap_or(200), 200);
        let rejected = &answer["rejected"][0];
        assert_eq!(
            (&rejected["code"], &rejected["pointer"]),
            (&json!("stream_limit"), &json!("/events/100"))
        );
        let detail = rejected["detail"].as_str().expect("a text");
        assert!(
            detail.contains("partner \"flood\" has 100 streams and may have 100 now"),
            "{detail}"
        );
        let most = "`operation` has the most values, 1";
        let advice = if start == 0 { "send fewer different values of labels" } else { most };
        assert!(detail.contains(advice), "{detail}");
        let others = push(api, "ups", (0..50).map(|number| format!("ups-{start}-{}", number % 25)));
        assert_eq!(others.await["accepted"], 50, "a known partner has room");

        let cardinality = api.get("/api/v1/cardinality?limit=1").await;
        let top = cardinality["top"][0].clone();
        assert_eq!(top, json!({ "by": "partner", "value": "flood", "value_streams": 100 }));
        assert_eq!(
            (&cardinality["streams_max"], &cardinality["partners"]),
            (&json!(1000), &json!(2))
        );
        assert_eq!(cardinality["rejected"], 200);
        assert_eq!(metric(api, "plimsoll_streams_limit").await, Some(1000.0));
        assert_eq!(metric(api, "plimsoll_streams_rejected_total").await, Some(200.0));
        let by_code = "plimsoll_items_rejected_total{code=\"stream_limit\"}";
        assert_eq!(metric(api, by_code).await, Some(200.0));
        assert!(server.terminate().success());
        server = Server::start(dir.path(), &args).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_partners_leaves_the_places_of_those_that_the_rules_file_names() {
    let dir = data_dir();
    let rules = dir.path().join("rules.yaml");
    std::fs::write(&rules, "partners: [{ name: dhl }]\nreceivers: []\n").expect("written");
    let rules = rules.to_str().expect("a plain name");
    let data = dir.path().join("data");
    let server = Server::start(&data, &["--streams-max", "1000", "--rules", rules]).await;
    let api = server.api();
    let mut accepted = 0;
    for number in 0..40 {
        let answer = push(api, &format!("unknown-{number}"), ["poll".to_owned()].into_iter()).await;
        if answer["accepted"] == 1 {
            accepted += 1;
        } else {
            assert_eq!(answer["rejected"][0]["code"], "partner_limit", "{answer}");
        }
    }
    assert!((5..=6).contains(&accepted), "half of ten, and one in an hour: {accepted}");
    let named = push(api, "dhl", (0..50).map(|number| format!("dhl-{number}"))).await;
    assert_eq!(named["accepted"], 50, "{named}");
    let known = push(api, "unknown-0", (0..49).map(|number| format!("new-{number}"))).await;
    assert_eq!(known["accepted"], 49, "{known}");
}
