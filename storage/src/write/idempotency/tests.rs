use super::*;

#[test]
fn records_round_trip_until_they_expire() {
    for digest in [None, Some([7; DIGEST_BYTES])] {
        let remembered = Remembered { items: 12, digest };
        let record = remembered.encode(TimestampMs(1_000));
        let read = |now| Remembered::decode(&record, TimestampMs(now)).expect("valid");
        assert_eq!(read(0), Some(remembered));
        assert_eq!(read(1_000 + IDEMPOTENCY_KEPT_MS), None);
    }
    for length in [0, 8, 15, 17, 31, 33] {
        assert!(Remembered::decode(&vec![0; length], TimestampMs(0)).is_err(), "{length}");
    }
}

#[test]
fn another_request_under_a_key_is_an_error() {
    let key = IdempotencyKey { key: b"k".to_vec(), digest: [7; DIGEST_BYTES] };
    let answer = |digest| Remembered { items: 3, digest }.answer(&key);
    let duplicate = Appended { items: 3, duplicate: true };
    assert_eq!(answer(Some([7; DIGEST_BYTES])).expect("the same request"), duplicate);
    assert_eq!(answer(None).expect("nothing to compare"), duplicate);
    assert!(matches!(answer(Some([8; DIGEST_BYTES])), Err(Error::KeyReused)));
}
