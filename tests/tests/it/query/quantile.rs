//! A quantile is within 1.1 % of the exact one, over a million values.

use plimsoll_tests::sample::{Histogram, Random, exact_quantile};
use plimsoll_tests::{Api, Server, clock};
use serde_json::{Value, json};

use crate::common::{data_dir, only_points};

const SLOT_MS: i64 = 10_000;
const SLOT_COUNT: i64 = 30;
const SUMMARY_VALUES: usize = 950_000;
const EVENT_VALUES: usize = 50_000;
const SEED: u64 = 0x70_11_50_11;

/// The bucket ratio is 2^(1/32) = 1.0219; the middle of a bucket is at most half of that away.
const RELATIVE_ERROR_MAX: f64 = 0.011;

async fn push_summaries(api: &Api, start_ms: i64, values: &[u64]) {
    let per_slot = values.len().div_ceil(SLOT_COUNT as usize);
    let summaries: Vec<Value> = values
        .chunks(per_slot)
        .zip((0..SLOT_COUNT).map(|slot| start_ms + slot * SLOT_MS))
        .map(|(values, start)| {
            let mut latency = Histogram::default();
            values.iter().for_each(|value| latency.add(*value));
            json!({
                "stream": "requests", "partner": "dhl", "start": start, "step_s": 10,
                "outcomes": { "2xx": latency.count() }, "latency": latency.to_json(),
            })
        })
        .collect();
    let answer = api.push(&json!({ "summaries": summaries })).await;
    assert_eq!(answer.body["accepted"], SLOT_COUNT);
}

async fn push_events(api: &Api, start_ms: i64, values: &[u64], random: &mut Random) {
    for values in values.chunks(5_000) {
        let events: Vec<Value> = values
            .iter()
            .map(|value| {
                let at = start_ms + random.below((SLOT_COUNT * SLOT_MS) as u64) as i64;
                let latency_ms = *value as f64 / 1e3;
                json!({ "stream": "requests", "partner": "dhl", "at": at, "status": 200, "latency_ms": latency_ms })
            })
            .collect();
        let answer = api.push(&json!({ "events": events })).await;
        assert_eq!(answer.body["accepted"], values.len());
    }
}

fn assert_close(quantile: &Value, values: &mut [u64]) {
    let value = |name: &str| quantile[name].as_f64().expect("a number");
    let exact_ms = exact_quantile(values, value("q")) as f64 / 1e3;
    let error = value("ms") / exact_ms - 1.0;
    println!(
        "q {}: {} ms, exact {exact_ms} ms, off by {:.3} %",
        value("q"),
        value("ms"),
        error * 100.0
    );
    assert!(error.abs() <= RELATIVE_ERROR_MAX, "{quantile}, exact {exact_ms}");
    // The bounds are converted to seconds and rounded to a power of two.
    let slack = 1e-9 * exact_ms;
    assert!(value("lower_ms") - slack <= exact_ms, "{quantile}, exact {exact_ms}");
    assert!(exact_ms <= value("upper_ms") + slack, "{quantile}, exact {exact_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn p95_of_a_million_log_normal_latencies_is_within_1_1_percent() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut random = Random::new(SEED);
    let mut values: Vec<u64> =
        (0..SUMMARY_VALUES + EVENT_VALUES).map(|_| random.latency_us(120.0, 0.9)).collect();
    let start_ms = clock::aligned_ms(SLOT_COUNT * SLOT_MS, SLOT_MS);
    let (summarised, raw) = values.split_at(SUMMARY_VALUES);
    push_summaries(server.api(), start_ms, summarised).await;
    push_events(server.api(), start_ms, raw, &mut random).await;

    let quantiles = "q=0.01&q=0.5&q=0.9&q=0.95&q=0.99&q=0.999";
    let path = format!("/api/v1/query/latency?stream=requests&partner=dhl&window=30m&{quantiles}");
    let body = server.api().get(&path).await;
    let point = &only_points(&body)[0];
    assert_eq!(point["count"], values.len());
    let quantiles = point["quantiles"].as_array().expect("a list of quantiles");
    assert_eq!(quantiles.len(), 6);
    quantiles.iter().for_each(|quantile| assert_close(quantile, &mut values));
}
