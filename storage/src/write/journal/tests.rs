use proptest::prelude::*;

use super::*;
use crate::model::cell::Cell;
use crate::model::gauge::GaugeCell;
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

fn cells() -> Vec<BatchCell> {
    let mut cell = Cell::default();
    cell.record(Outcome::Status5xx, Some(0.132_4), TimestampMs(1_795_201_480_123));
    let gauge = GaugeCell::new(-3.5, TimestampMs(1_795_201_480_000));
    vec![
        BatchCell { stream: 1, slot: Slot(179_520_148), value: SlotValue::Activity(cell) },
        BatchCell { stream: 0, slot: Slot(0), value: SlotValue::Gauge(gauge) },
    ]
}

#[test]
fn a_record_decodes_to_what_was_encoded() {
    let ids = [StreamId(40), StreamId(7)];
    let record = encode_record(&ids, &encode_cells(&cells()));
    let seen = decode_record(1, &record).expect("whole");
    let expected: Vec<_> = cells()
        .into_iter()
        .map(|cell| (ids[cell.stream as usize], cell.slot, cell.value))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_cut_record_is_an_error_at_every_length() {
    let record = encode_record(&[StreamId(40), StreamId(7)], &encode_cells(&cells()));
    for length in 0..record.len() {
        assert!(decode_record(1, &record[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_record(1, &bytes);
    }
}
