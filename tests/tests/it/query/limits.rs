//! The limits of a query: cells, points, time; and the formats of answers.

use std::io::Read;

use plimsoll_tests::{Answer, Api, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, event};

const MINUTE_MS: i64 = 60_000;

/// Pushes an event of each of many partners.
async fn push_partners(api: &Api, count: usize, at_ms: i64) {
    let events: Vec<_> =
        (0..count).map(|n| event(&format!("partner-{n:03}"), at_ms, 200, 10.0)).collect();
    api.push(&json!({ "events": events })).await;
}

async fn ask(server: &Server, query: String) -> Answer {
    server.api().try_get(&format!("/api/v1/query/latency?stream=requests&{query}")).await
}

fn code(body: &Value) -> &str {
    body["code"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_too_many_cells_gets_an_error_with_a_remedy() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--query-cells-max", "1000"]).await;
    let end = clock::aligned_ms(0, MINUTE_MS);
    // 20 streams of 6 cells a minute: 8 minutes are within, 9 beyond.
    for slot in 1..=60 {
        push_partners(server.api(), 20, end - slot * 10_000).await;
    }
    // Off the minute, where no roll-up fits.
    let within = ask(&server, format!("end={}&window=8m", end - 10_000)).await;
    assert_eq!(within.status, 200, "{}", within.text);
    let beyond = ask(&server, format!("end={}&window=9m", end - 10_000)).await;
    assert_eq!((beyond.status, code(&beyond.body)), (422, "too_many_cells"), "{}", beyond.text);
    let detail = beyond.body["detail"].as_str().unwrap_or_default();
    for word in ["more than 1000", "fewer streams", "shorter range", "1m"] {
        assert!(detail.contains(word), "{word}: {detail}");
    }
    let fewer = ask(&server, format!("end={}&window=9m&partner=partner-007", end - 10_000)).await;
    assert_eq!(fewer.status, 200, "{}", fewer.text);
    // What was never reported costs nothing, however long the range is.
    let sparse = ask(&server, format!("end={}&window=6d", end - 550_000)).await;
    assert_eq!(
        (sparse.status, &sparse.body["series"][0]["points"][0]["count"]),
        (200, &json!(100))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_takes_too_long_is_stopped() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--query-timeout", "1ms"]).await;
    let end = clock::aligned_ms(0, MINUTE_MS);
    push_partners(server.api(), 300, end - MINUTE_MS).await;
    let start = end - 240 * MINUTE_MS;
    let path = format!(
        "/api/v1/query/latency?stream=requests&by=partner&start={start}&end={end}&step=10s&window=5m"
    );
    let answer = server.api().try_get(&path).await;
    assert_eq!((answer.status, code(&answer.body)), (503, "query_timeout"), "{}", answer.text);
    push_partners(server.api(), 1, end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_requested_format_and_are_cached() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    // Long enough ago that late data is not expected any more.
    let at = clock::aligned_ms(60 * MINUTE_MS, MINUTE_MS);
    push_partners(server.api(), 40, at).await;
    let path = format!("/api/v1/query/outcomes?stream=requests&by=partner&end={}", at + MINUTE_MS);
    let get = |headers: &[(&'static str, String)]| {
        let request = server.api().request("GET", &path);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        async move { request.send().await.expect("an answer") }
    };
    let header = |response: &reqwest::Response, name: &str| {
        let value = response.headers().get(name).map(|value| value.to_str().expect("text"));
        value.unwrap_or_default().to_owned()
    };

    let csv = get(&[("accept", "text/csv".to_owned())]).await;
    assert!(header(&csv, "content-type").starts_with("text/csv"));
    let csv = csv.text().await.expect("text");
    assert_eq!(csv.lines().count(), 41, "{csv}");
    assert!(csv.starts_with("partner,t,count,outcomes.2xx.count"), "{csv}");

    let lines = get(&[("accept", "application/x-ndjson".to_owned())]).await;
    let lines = lines.text().await.expect("text");
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["labels"]["partner"], &first["count"]), (&json!("partner-000"), &json!(1)));

    let rejected = get(&[("accept", "image/png".to_owned())]).await;
    assert_eq!(rejected.status().as_u16(), 406);
    assert!(rejected.text().await.expect("text").contains("text/csv"));

    let plain = get(&[]).await;
    assert_eq!(header(&plain, "cache-control"), "private, max-age=60");
    let tag = header(&plain, "etag");
    let plain = plain.bytes().await.expect("bytes");
    let again = get(&[("if-none-match", tag)]).await;
    assert_eq!(again.status().as_u16(), 304);
    assert!(again.bytes().await.expect("bytes").is_empty());

    let packed = get(&[("accept-encoding", "gzip".to_owned())]).await;
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    let packed = packed.bytes().await.expect("bytes");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*packed).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain);
}
