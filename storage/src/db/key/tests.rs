use super::*;
use crate::model::outcome::Outcome;

#[test]
fn keys_round_trip_and_sort_by_day_stream_block() {
    let key = |day, stream, block| BlockKey { day, stream: StreamId(stream), block };
    let keys = [key(0, 7, 0), key(0, 7, 1), key(0, 8, 0), key(1, 1, 0), key(1, 300, 23)];
    assert!(keys.is_sorted() && keys.is_sorted_by_key(|key| key.encode()));
    for key in keys {
        assert_eq!(BlockKey::decode(&key.encode()), Some(key));
    }
    assert_eq!(BlockKey::decode(b"short"), None);
}

#[test]
fn exemplars_sort_by_kind_day_stream_slot() {
    let key = |kind, day, stream, slot| ExemplarKey {
        kind,
        day,
        stream: StreamId(stream),
        slot: Slot(slot),
    };
    let failed = Kind::Failed(Outcome::Timeout);
    let keys = [
        key(failed, 1, 7, 9),
        key(failed, 1, 8, 3),
        key(failed, 2, 0, 300),
        key(Kind::Slow, 0, 0, 1),
    ];
    assert!(keys.is_sorted() && keys.is_sorted_by_key(|key| key.encode()));
    for key in keys {
        assert_eq!(ExemplarKey::decode(&key.encode()), Some(key));
    }
    assert_eq!(ExemplarKey::decode(b"short"), None);
}

#[test]
fn nothing_lies_between_a_key_and_the_one_before_it() {
    assert_eq!(key_before(&[0, 0, 1]), [0, 0, 0]);
    assert_eq!(key_before(&[0, 1, 0]), [0, 0, 255]);
    assert_eq!(key_before(&[7, 0, 0]), [6, 255, 255]);
    assert_eq!(key_before(&[0, 0, 0]), [0, 0, 0]);
    assert!(key_before(&day_start(20_780)).as_slice() < day_start(20_780).as_slice());
}
