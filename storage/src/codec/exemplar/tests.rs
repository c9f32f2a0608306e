use proptest::prelude::*;

use super::*;

#[test]
fn a_row_decodes_to_the_exemplars_and_a_truncated_row_to_nothing() {
    let event = Exemplar {
        at: TimestampMs(1_795_201_480_123),
        outcome: Outcome::Timeout,
        duration_us: Some(30_000_000),
        ids: ["O-1".to_owned(), String::new(), "ü".repeat(60)],
    };
    let start = TimestampMs(1_795_201_480_000);
    let value = encode_exemplars(vec![event.clone()], start);
    assert_eq!(decode_exemplars(&value, start), Some(vec![event]));
    for length in 0..value.len() {
        assert_eq!(decode_exemplars(&value[..length], start), None, "{length}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_exemplars(&bytes, TimestampMs(0));
    }
}
