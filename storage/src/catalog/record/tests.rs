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

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_stream(StreamId(0), &bytes);
    }
}
