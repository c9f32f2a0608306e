use proptest::prelude::*;

use super::*;
use crate::model::stream::{StreamKind, StreamRef};

fn key() -> StreamKey {
    let labels = ["Großhändler", "create_label", "production", "", ""];
    StreamRef { kind: StreamKind::Activity, name: "requests", labels }.to_key()
}

#[test]
fn a_definition_decodes_to_what_was_encoded() {
    for step_slots in [1, 2, 360, 3_600] {
        let definition = encode_stream(&key(), step_slots);
        let decoded = decode_stream(StreamId(7), &definition).expect("whole");
        assert_eq!(decoded, (key(), step_slots));
    }
}

#[test]
fn a_truncated_definition_is_an_error_that_names_the_stream() {
    let definition = encode_stream(&key(), 1);
    for length in 0..definition.len() {
        let error = decode_stream(StreamId(7), &definition[..length]).expect_err("truncated");
        assert!(error.to_string().contains("stream 7"), "{error}");
    }
}

#[test]
fn sent_times_decode_to_what_was_encoded_also_those_of_earlier_versions() {
    let at = Some(TimestampMs(-7));
    let slots = Some((Slot(3), Slot(9)));
    let earlier = SentTimes { last_at: at, slots: None };
    for times in [SentTimes::NONE, SentTimes { last_at: None, slots }, earlier] {
        assert_eq!(SentTimes::decode(&times.encode()), Some(times));
    }
    assert_eq!(earlier.encode(), (-7_i64).to_be_bytes());
    assert_eq!(SentTimes::decode(&[0; 7]), None);
    assert_eq!(SentTimes::decode(&[0; 12]), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_stream(StreamId(0), &bytes);
    }
}
