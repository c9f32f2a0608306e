use super::*;

#[test]
fn quantiles_are_by_rank() {
    assert_eq!(exact_quantile(&mut [3, 1, 2, 4], 0.5), 2);
    assert_eq!(exact_quantile(&mut [3, 1, 2, 4], 0.95), 4);
    assert_eq!(exact_quantile(&mut [7], 0.0), 7);
}

#[test]
fn a_histogram_keeps_every_count_in_its_bucket() {
    let mut histogram = Histogram::default();
    for latency_us in [500_000, 1_000_000, 1_000_001, 2_000_000] {
        histogram.add(latency_us);
    }
    let json = histogram.to_json();
    // 0.5 s closes bucket −33, 1 s closes bucket −1, 2 s closes bucket 31.
    assert_eq!(json["positive"]["offset"], -33);
    let counts = json["positive"]["bucket_counts"].as_array().expect("a list");
    assert_eq!(counts.len(), 65);
    for index in [0, 32, 33, 64] {
        assert_eq!(counts.get(index), Some(&json!(1)));
    }
}

#[test]
fn latencies_are_log_normal() {
    let mut random = Random::new(7);
    let mut values: Vec<u64> = (0..20_000).map(|_| random.latency_us(100.0, 0.8)).collect();
    let median_ms = exact_quantile(&mut values, 0.5) as f64 / 1e3;
    let p95_ms = exact_quantile(&mut values, 0.95) as f64 / 1e3;
    assert!((median_ms / 100.0 - 1.0).abs() < 0.03, "{median_ms}");
    assert!((p95_ms / (100.0 * (0.8 * 1.645_f64).exp()) - 1.0).abs() < 0.05, "{p95_ms}");
}
