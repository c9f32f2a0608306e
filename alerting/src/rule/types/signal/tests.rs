use super::*;

#[test]
fn symptoms_are_short() {
    let latency = |q| Signal::Latency { q, stream: "requests".into() }.symptom();
    assert_eq!(latency(0.95), "p95 latency of requests");
    assert_eq!(latency(0.999), "p99.9 latency of requests");
}
