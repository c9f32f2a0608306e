use super::*;

fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn the_callers_id_is_kept() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(correlation_id(&headers(&[(TRACEPARENT, parent)])), trace);
    assert_eq!(
        correlation_id(&headers(&[(CORRELATION_ID, "order-7"), (TRACEPARENT, parent)])),
        "order-7"
    );
    assert_ne!(correlation_id(&headers(&[])), correlation_id(&headers(&[])));
}

#[test]
fn only_a_valid_traceparent_counts() {
    for bad in [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f35-00f067aa0ba902b7-01",
        "",
    ] {
        assert_eq!(trace_id(&HeaderValue::from_static(bad)), None, "{bad}");
    }
    let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
    assert!(trace_id(&HeaderValue::from_static(later)).is_some());
}
