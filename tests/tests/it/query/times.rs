//! Times and durations in every place that takes them.

use plimsoll_tests::{Server, api, binary};
use serde_json::{Value, json};

use crate::common::{data_dir, text_of};

/// 2026-11-27T12:00:00Z in seconds.
const SECONDS: i64 = 1_795_780_800;

#[tokio::test(flavor = "multi_thread")]
async fn a_time_in_another_unit_is_explained_wherever_a_time_is_taken() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    for (unit, number) in [
        ("seconds", SECONDS),
        ("microseconds", SECONDS * 1_000_000),
        ("nanoseconds", SECONDS * 1_000_000_000),
    ] {
        for path in [
            format!("query/latency?end={number}"),
            format!("query/outcomes?start={number}"),
            format!("query/gauges?start=2026-11-27T12:00:00Z&end={number}&step=1m"),
            format!("query/baseline?end={number}"),
            format!("query/exemplars?start={number}"),
            format!("query/retry_amplification?end={number}"),
            format!("flow/lead_time?end={number}"),
            format!("reports/noise?start={number}"),
            format!("rules/partner-5xx/explain?partner=dhl&at={number}"),
        ] {
            let answer = server.api().try_get(&format!("/api/v1/{path}")).await;
            assert_explained(&path, &answer, unit);
        }
        let silence = |field: &str, time: &Value| {
            let mut body = json!({"author": "ann", "reason": "call", "match": {"partner": "dhl"}, "end": time});
            body[field] = time.clone();
            ("/api/v1/silences", body)
        };
        let (as_number, as_text) = (json!(number), json!(number.to_string()));
        for (path, body) in [
            silence("start", &as_number),
            silence("end", &as_number),
            silence("end", &as_text),
            ("/api/v1/backtests", json!({"from": as_number})),
            ("/api/v1/backtests", json!({"to": as_text})),
        ] {
            let answer = post(&server, path, &body).await;
            assert_explained(path, &answer, unit);
        }
        let push = json!({"events": [{"stream": "requests", "partner": "dhl", "at": number, "status": 200}]});
        let answer = server.api().try_push(&push).await;
        assert!(answer.status == 422 && answer.text.contains(unit), "{}", answer.text);
    }
    // What is left of an offset that was not escaped.
    let end = "/api/v1/query/outcomes?end=2026-11-27T13:00:00+01:00";
    assert_eq!(server.api().get(end).await["covers"]["to"], "2026-11-27T12:00:00.000Z");
}

#[test]
fn a_flag_takes_times_like_a_parameter() {
    let dir = data_dir();
    let seconds = SECONDS.to_string();
    for args in [
        ["serve", "--data-dir", text_of(&dir), "--evaluate-from", &seconds],
        ["backtest", "--data-dir", text_of(&dir), "--from", &seconds],
        ["backtest", "--data-dir", text_of(&dir), "--to", &seconds],
    ] {
        let output = binary::run(&args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(
            error.contains("seems to be in seconds; write milliseconds, 1795780800000"),
            "{error}"
        );
    }
    let ahead = ["serve", "--data-dir", text_of(&dir), "--evaluate-from", "2099-01-01T00:00:00Z"];
    let output = binary::run(&ahead);
    assert!(String::from_utf8_lossy(&output.stderr).contains("lies in the future"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_blames_the_field_at_fault_and_takes_numbers() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let base =
        || json!({"author": "ann", "reason": "call", "match": {"partner": "dhl"}, "dry_run": true});
    for (field, value, part) in [
        ("for", "31d", "field `for` is longer than 30 days"),
        ("for", "30", "field `for` is wrong: `30` is not a duration: it has no unit"),
        ("for", "0s", "field `for` is wrong: `0s` is not a duration: it must be more than zero"),
        ("end", "2026-01-01", "field `end` is wrong: `2026-01-01` is only a date"),
        ("end", "2020-01-01T00:00:00Z", "field `end` must lie after"),
        ("end", "2098-01-01T00:00:00Z", "field `end` is longer than 30 days"),
    ] {
        let mut body = base();
        body[field] = json!(value);
        let answer = post(&server, "/api/v1/silences", &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains(part), "{field}={value}: {}", answer.text);
    }
    let hour_ms = 3_600_000;
    let start = plimsoll_tests::clock::now_ms() + hour_ms;
    let mut body = base();
    (body["start"], body["end"]) = (json!(start), json!(start + hour_ms));
    body["dry_run"] = json!(false);
    let made = post(&server, "/api/v1/silences", &body).await;
    assert_eq!(made.status, 200, "{}", made.text);
    // Ended before it began, it ends no earlier than it starts.
    let id = made.body["silence"]["id"].as_str().expect("an id");
    let ended = server.api().request("DELETE", &format!("/api/v1/silences/{id}"));
    let ended = api::send(ended).await.expect("an answer").body;
    assert_eq!((&ended["state"], &ended["start"]), (&json!("expired"), &ended["end"]), "{ended}");
}

async fn post(server: &Server, path: &str, body: &Value) -> api::Answer {
    api::send(server.api().request("POST", path).json(body)).await.expect("an answer")
}

fn assert_explained(asked: &str, answer: &api::Answer, unit: &str) {
    assert_eq!(answer.status, 400, "{asked}: {}", answer.text);
    let says = format!("seems to be in {unit}; write milliseconds, 1795780800000");
    assert!(answer.text.contains(&says), "{asked}: {}", answer.text);
}
