//! Windows that do not begin at a slot, in every call with a time axis.

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};

use crate::common::data_dir;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_counted_once_whatever_start_and_end_are() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    // An event a second in eleven minutes.
    let first = (clock::now_ms() - 30 * MINUTE_MS) / MINUTE_MS * MINUTE_MS;
    let until = first + 11 * MINUTE_MS;
    let times = (first..until).step_by(SECOND_MS as usize);
    let event = |at| json!({"stream": "requests", "partner": "dhl", "at": at, "status": 200, "latency_ms": 5});
    server.api().push(&json!({"events": times.map(event).collect::<Vec<_>>()})).await;
    for off in [0, 1, 5 * SECOND_MS, 9_999] {
        for step in ["10s", "20s", "1m", "11m"] {
            let (start, end) = (first + off, until + off + 11 * MINUTE_MS);
            for call in ["outcomes", "latency", "latency?form=heatmap"] {
                let mark = if call.contains('?') { '&' } else { '?' };
                let path = format!("/api/v1/query/{call}{mark}start={start}&end={end}&step={step}");
                let body = server.api().get(&path).await;
                assert_eq!(
                    counted(&body),
                    within(&body, first..until),
                    "{path}: {}",
                    body["covers"]
                );
                assert!(counted(&body) >= 600, "{path}: {}", body["covers"]);
                assert_eq!(body["covers"].get("rounded").is_some(), off > 0, "{path}");
            }
        }
        let whole = format!("/api/v1/query/outcomes?start={}&end={}", first + off, until - off);
        let body = server.api().get(&whole).await;
        assert_eq!(counted(&body), within(&body, first..until), "{whole}");
        let one = format!("/api/v1/query/outcomes?window=10s&end={}", until - off);
        assert_eq!(counted(&server.api().get(&one).await), 10, "{one}");
    }
    for (query, part) in [
        ("outcomes?window=15s", "use 10s or 20s"),
        ("latency?window=9999ms", "use 10s"),
        ("gauges?window=5m&start=2026-11-20T19:00:00Z&step=65s", "use 60s or 70s"),
        ("retry_amplification?window=31s", "use 30s or 40s"),
        ("baseline?window=90s", "use 60s or 120s"),
    ] {
        let answer = server.api().try_get(&format!("/api/v1/query/{query}")).await;
        assert!(answer.status == 400 && answer.text.contains(part), "{query}: {}", answer.text);
    }
    let sampled = "/api/v1/query/outcomes?window=10s&step=1m&start=2026-11-20T19:00:00Z&end=2026-11-20T19:10:00Z";
    assert_eq!(server.api().get(sampled).await["covers"]["gap_s"], 50.0);
}

/// What all points of an answer count.
fn counted(body: &Value) -> i64 {
    let points = body["series"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|series| series["points"].as_array());
    points.flatten().filter_map(|point| point["count"].as_i64()).sum()
}

/// How many of the events, one a second, lie in what an answer says it covers.
fn within(body: &Value, events: std::ops::Range<i64>) -> i64 {
    let time = |name: &str| clock::parse_ms(body["covers"][name].as_str().expect("a time"));
    (time("to").min(events.end) - time("from").max(events.start)).max(0) / SECOND_MS
}
