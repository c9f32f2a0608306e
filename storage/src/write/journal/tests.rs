use proptest::prelude::*;

use super::*;
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

fn long() -> Vec<LongSummary> {
    let mut cell = Cell { last_at: Some(TimestampMs(1_795_204_799_999)), ..Cell::default() };
    cell.outcomes.add(Outcome::Status2xx, 720);
    vec![LongSummary { stream: 1, first: Slot(179_520_120), slots: 360, cell }]
}

#[test]
fn a_record_decodes_to_what_was_encoded() {
    let ids = [StreamId(40), StreamId(7)];
    let record = encode_record(&ids, &encode_cells(&cells(), &[]));
    let seen = decode_record(1, &record, SlotWidth::DEFAULT).expect("whole");
    let expected: Vec<_> = cells()
        .into_iter()
        .map(|cell| (ids[cell.stream as usize], cell.slot, cell.value))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_long_summary_is_whole_for_feeds_and_spread_for_the_head() {
    let ids = [StreamId(40), StreamId(7)];
    let encoded = encode_cells(&cells(), &long());
    let appended = decode_append(&ids, &encoded).expect("whole");
    let LongSummary { first, slots, cell, .. } = long().remove(0);
    let value = SlotValue::Activity(cell.clone());
    let last = AppendedCell { stream: StreamId(7), first, slots, value };
    assert_eq!((appended.len(), appended.last()), (3, Some(&last)));
    let record = encode_record(&ids, &encoded);
    let seen = decode_record(1, &record, SlotWidth::DEFAULT).expect("whole");
    let parts = cell.spread(first, slots, SlotWidth::DEFAULT);
    assert_eq!(seen.len(), 2 + parts.len());
    assert_eq!(seen.last().map(|(_, slot, _)| *slot), parts.last().map(|(slot, _)| *slot));
}

#[test]
fn a_cut_record_is_an_error_at_every_length() {
    let ids = [StreamId(40), StreamId(7)];
    let record = encode_record(&ids, &encode_cells(&cells(), &long()));
    // Without the long summaries it is whole as well; that it is cut there shows in its checksum.
    let short = encode_record(&ids, &encode_cells(&cells(), &[])).len();
    for length in (0..record.len()).filter(|length| *length != short) {
        let decoded = decode_record(1, &record[..length], SlotWidth::DEFAULT);
        assert!(decoded.is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_record(1, &bytes, SlotWidth::DEFAULT);
    }
}
