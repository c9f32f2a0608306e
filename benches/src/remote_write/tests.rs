use plimsoll_storage::TimestampMs;

use super::*;
use crate::facts::endpoints;

#[test]
fn counters_are_cumulative_in_time_and_over_buckets() {
    let endpoint = &endpoints(1, 1)[0];
    let mut random = fastrand::Rng::with_seed(1);
    let mut counters = Counters::new(endpoint);
    for _ in 0..3 {
        counters.add(&endpoint.cell(10, TimestampMs(0), &mut random));
    }
    let buckets = &counters.values[..=BORDERS_S.len()];
    assert!(buckets.is_sorted() && buckets[BORDERS_S.len()] == 30.0, "{buckets:?}");
    let [sum, count, classes @ ..] = &counters.values[BORDERS_S.len() + 1..] else {
        panic!("sum and count follow the buckets");
    };
    assert!(*sum > 0.0 && *count == 30.0 && classes.iter().sum::<f64>() == 30.0);
    assert_eq!(counters.labels.len(), SAMPLES);
}

#[test]
fn a_request_is_snappy_around_protobuf() {
    let endpoint = &endpoints(1, 1)[0];
    let counters = [Counters::new(endpoint)];
    let message = snap::raw::Decoder::new().decompress_vec(&request(&counters, 300));
    let message = message.expect("snappy");
    assert_eq!(message[0], 0x0a, "WriteRequest.timeseries");
    let needle = b"request_duration_seconds_bucket";
    let found = message.windows(needle.len()).filter(|window| window == needle).count();
    assert_eq!(found, BORDERS_S.len() + 1);
    let mut number = Vec::new();
    varint(&mut number, 300);
    assert_eq!(number, [0xac, 0x02]);
}
