use super::*;
use crate::wire::push::tolerant::Scalar;

fn read(json: &str) -> Checked<Histogram> {
    match serde_json::from_str::<Nested<RawHistogram<'_>>>(json).expect("JSON") {
        Nested::Is(raw) => read_histogram(&raw),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_spellings_of_otlp_are_one_histogram() {
    let plain =
        r#"{"scale":5,"sum":0.4,"zero_count":2,"positive":{"offset":-94,"bucket_counts":[1,0,2]}}"#;
    let expected = read(plain).expect("valid");
    assert_eq!((expected.count(), expected.zero_count()), (5, 2));
    for same in [
        r#"{"scale":5,"sum":0.4,"zeroCount":"2","positive":{"offset":-94,"bucketCounts":["1","0","2"]}}"#,
        r#"{"scale":5.0,"sum":"0.4","zeroCount":2.0,"positive":{"offset":"-94","bucketCounts":[1.0,0,"2"]}}"#,
        r#"{"count":"5","scale":5,"sum":0.4,"zeroCount":2,"positive":{"offset":-94,"bucketCounts":[1,0,2]},
            "negative":{"offset":0,"bucketCounts":["0"]},"zeroThreshold":0,"min":0,"max":0.2}"#,
        r#"{"scale":5,"sum":0.4,"zero_count":2,"zero_threshold":1e-12,"flags":0,
            "positive":{"offset":-94,"bucket_counts":[1,0,2]}}"#,
    ] {
        assert_eq!(read(same).as_ref(), Ok(&expected), "{same}");
    }
    let no_zeros =
        r#"{"scale":0,"sum":1,"zeroThreshold":0.5,"positive":{"offset":0,"bucketCounts":[1]}}"#;
    assert!(read(no_zeros).is_ok(), "a threshold without zeros says nothing");
}

#[test]
fn what_changes_the_meaning_of_a_histogram_is_rejected() {
    let part = |fields: &str| format!(r#"{{"scale":0,"sum":1,"zero_count":1,{fields}}}"#);
    for (fields, pointer, code) in [
        (r#""negative":{"offset":0,"bucketCounts":[0,1]}"#, "/latency/negative", "out_of_range"),
        (r#""negative":7"#, "/latency/negative", "wrong_type"),
        (r#""zeroThreshold":0.005"#, "/latency/zero_threshold", "out_of_range"),
        (r#""zero_threshold":-1"#, "/latency/zero_threshold", "out_of_range"),
        (r#""min":-0.5"#, "/latency/min", "out_of_range"),
        (r#""count":7"#, "/latency/count", "out_of_range"),
        (r#""zeroCount":1"#, "/latency/zeroCount", "repeated_field"),
        (r#""bucketCounts":[1]"#, "/latency/bucketCounts", "unknown_field"),
        (r#""bucket_counts":[1]"#, "/latency/bucket_counts", "unknown_field"),
        (r#""explicitBounds":[1]"#, "/latency/explicitBounds", "unknown_field"),
        (r#""offset":1"#, "/latency/offset", "unknown_field"),
        (r#""zero_counts":1"#, "/latency/zero_counts", "unknown_field"),
        (r#""Positive":{}"#, "/latency/Positive", "unknown_field"),
        (r#""positive":{"offset":0,"buckets":[1]}"#, "/latency/positive/buckets", "unknown_field"),
        (
            r#""positive":{"offset":0,"bucketCounts":["x"]}"#,
            "/latency/positive/bucket_counts/0",
            "wrong_type",
        ),
    ] {
        let error = read(&part(fields)).expect_err(fields);
        assert_eq!((&*error.field, error.code.as_str()), (pointer, code), "{fields}");
    }
}

#[test]
fn a_sum_without_counts_is_rejected() {
    for fields in [
        r#""pos":{"offset":0,"bucketCounts":[1]}"#,
        r#""positive":{"offset":0,"bucketCounts":[0]}"#,
        r#""positive":{}"#,
    ] {
        let error = read(&format!(r#"{{"scale":0,"sum":2.5,{fields}}}"#)).expect_err(fields);
        assert_eq!((&*error.field, error.code.as_str()), ("/latency/sum", "out_of_range"));
    }
    assert!(read(r#"{"scale":0,"sum":0,"positive":{}}"#).is_ok(), "nothing was counted");
}

#[test]
fn whole_numbers_may_have_a_fraction_of_zero() {
    assert_eq!(Scalar::Float(200.0).whole(), Some(200));
    assert_eq!(Scalar::Float(-3.0).whole(), Some(-3));
    assert_eq!(Scalar::Float(0.5).whole(), None);
    assert_eq!(Scalar::Float(1e300).whole(), None);
    assert_eq!(Scalar::Text("3".into()).whole(), None);
    assert_eq!(Scalar::Text("3".into()).whole_or_quoted(), Some(3));
}
