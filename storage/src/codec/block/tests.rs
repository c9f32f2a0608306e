//! Property tests of every encoding, and the exact bytes of each.

use proptest::prelude::*;

use super::*;
use crate::codec::panes::Panes;
use crate::codec::part::{checked, part_of};
use crate::model::bucket::{Bucket, SCALE_MAX};
use crate::model::cell::Cell;
use crate::model::gauge::GaugeCell;
use crate::model::histogram::Histogram;
use crate::model::outcome::Outcome;
use crate::model::sum::CellSum;
use crate::model::time::TimestampMs;

/// A cell of some events, each of which counts many times over; few scales are other than 5.
fn cell() -> impl Strategy<Value = SlotValue> {
    let duration = prop_oneof![4 => 0.0..100.0_f64, 1 => Just(0.0), 1 => 0.100..0.101_f64];
    let event = (0..Outcome::COUNT, prop::option::of(duration), 0..1_000_000_i64);
    let events = prop::collection::vec(event, 0..12);
    let doublings = prop_oneof![8 => Just(0), 4 => 0..12, 1 => 0..64];
    let scale = prop_oneof![20 => Just(5), 1 => -4..5_i8];
    (events, doublings, scale).prop_map(|(events, doublings, scale)| {
        let mut cell = Cell::default();
        for (class, duration, at) in events {
            cell.record(Outcome::ALL[class], duration, TimestampMs(at));
        }
        for _ in 0..doublings {
            cell.merge(&cell.clone());
        }
        cell.durations.lower_scale(scale);
        SlotValue::Activity(cell)
    })
}

fn activity_run() -> impl Strategy<Value = Vec<(Slot, SlotValue)>> {
    let first = prop_oneof![Just(0), Just(179_517_600), Just(u32::MAX - 400)];
    let cells = prop::collection::btree_map(0..400_u32, cell(), 1..80);
    (first, cells).prop_map(|(first, run)| {
        run.into_iter().map(|(slot, value)| (Slot(first + slot), value)).collect()
    })
}

fn gauge_run() -> impl Strategy<Value = Vec<(Slot, SlotValue)>> {
    let cell = (-1e9..1e9_f64, 0..1_000_000_i64)
        .prop_map(|(value, at)| SlotValue::Gauge(GaugeCell::new(value, TimestampMs(at))));
    prop::collection::btree_map((0..400_u32).prop_map(Slot), cell, 1..40)
        .prop_map(|run| run.into_iter().collect())
}

fn columns() -> impl Strategy<Value = Columns> {
    any::<[bool; 4]>().prop_map(|[outcomes, durations, sums, last_at]| Columns {
        outcomes,
        durations,
        sums,
        last_at,
    })
}

/// A value without the columns that are not selected.
fn only(columns: Columns, value: &SlotValue) -> SlotValue {
    let SlotValue::Activity(cell) = value else { return value.clone() };
    let mut kept = Cell::default();
    if columns.outcomes {
        kept.outcomes = cell.outcomes;
    }
    if columns.last_at {
        kept.last_at = cell.last_at;
    }
    let sum_us = if columns.sums { cell.durations.sum_us() } else { 0 };
    let filled = if columns.durations {
        let (scale, zeros) = (cell.durations.scale(), cell.durations.zero_count());
        kept.durations.refill(scale, zeros, sum_us, cell.durations.buckets().iter().copied())
    } else {
        kept.durations.refill(SCALE_MAX, 0, sum_us, std::iter::empty())
    };
    filled.expect("a valid histogram");
    SlotValue::Activity(kept)
}

fn decoded(block: &[u8]) -> Result<Vec<(Slot, SlotValue)>, PartError> {
    let mut run = Vec::new();
    decode(block, &mut |slot, value| run.push((slot, value.clone())))?;
    Ok(run)
}

/// A run in every encoding that can encode it.
fn encodings(run: &[(Slot, SlotValue)]) -> Vec<Vec<u8>> {
    let huffman = (HUFFMAN, cold::encode::<HuffmanEncoding>(run));
    let cold = [huffman, (RANS, cold::encode::<RansEncoding>(run))];
    let cold = cold.iter().filter_map(|(version, body)| Some(part_of(*version, body.as_ref()?)));
    [encode_hot(run), encode_cold(run)].into_iter().chain(cold).collect()
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(run in prop_oneof![activity_run(), gauge_run()]) {
        for block in encodings(&run) {
            prop_assert_eq!(decoded(&block), Ok(run.clone()));
        }
    }

    #[test]
    fn merging_blocks_equals_merging_cells(runs in prop::collection::vec(activity_run(), 1..5)) {
        let blocks: Vec<Vec<u8>> = runs.iter().map(|run| encode_hot(run)).collect();
        let mut merged: BTreeMap<Slot, SlotValue> = BTreeMap::new();
        for (slot, value) in runs.iter().flatten() {
            merged.entry(*slot).and_modify(|cell| cell.merge(value)).or_insert(value.clone());
        }
        let blocks: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let merged: Vec<_> = merged.into_iter().collect();
        for encode in [encode_hot, encode_cold] {
            let decoded = decoded(&merge(&blocks, encode));
            prop_assert_eq!(decoded.as_ref(), Ok(&merged));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        version in 0..7_u8,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = decoded(&bytes);
        let _ = decoded(&part_of(version, &bytes));
    }

    #[test]
    fn damage_under_a_right_checksum_never_panics(
        run in prop_oneof![activity_run(), gauge_run()],
        encoding in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
        columns in columns(),
    ) {
        let blocks = encodings(&run);
        let block = encoding.get(&blocks);
        let (version, body) = checked(block).next().expect("a part").expect("whole");
        let mut body = body.to_vec();
        for (at, bits) in flips {
            let position = at.index(body.len());
            body[position] ^= bits;
        }
        let cut = &body[..=end.index(body.len())];
        for damaged in [&body, cut] {
            let part = part_of(version, damaged);
            let _ = decoded(&part);
            let visit = &mut |_, _: Slot, _: &SlotValue| ();
            let _ = decode_range(&part, &(Slot(20)..Slot(200)), columns, &mut Visitor::new(visit));
            let mut sums = [CellSum::default()];
            let mut panes = Panes::new(&[Slot(0), Slot(u32::MAX)], &mut sums);
            let _ = decode_range(&part, &(Slot(20)..Slot(200)), columns, &mut panes);
        }
    }

    #[test]
    fn a_range_has_the_selected_cells_and_columns(
        run in prop_oneof![activity_run(), gauge_run()],
        (first, last) in (0..400_u32, 0..400_u32),
        columns in columns(),
    ) {
        let base = run[0].0.0;
        let slots = Slot(base.saturating_add(first))..Slot(base.saturating_add(last));
        let expected: Vec<_> = run
            .iter()
            .filter(|(slot, _)| slots.contains(slot))
            .map(|(slot, value)| (*slot, only(columns, value)))
            .collect();
        for block in encodings(&run) {
            let mut seen = Vec::new();
            let visit = &mut |_, slot, value: &SlotValue| seen.push((slot, value.clone()));
            let read = decode_range(&block, &slots, columns, &mut Visitor::new(visit));
            prop_assert_eq!(read, Ok(()));
            prop_assert_eq!(&seen, &expected);
        }
    }

    #[test]
    fn adding_up_directly_equals_adding_decoded_cells(
        run in activity_run(),
        borders in prop::collection::btree_set(0..420_u32, 2..7),
        columns in columns(),
    ) {
        let base = run[0].0.0;
        let borders: Vec<Slot> = borders.into_iter().map(|by| Slot(base).plus(by)).collect();
        let slots = borders[0]..borders[borders.len() - 1];
        for block in encodings(&run) {
            let mut direct = vec![CellSum::default(); borders.len() - 1];
            let mut panes = Panes::new(&borders, &mut direct);
            prop_assert_eq!(decode_range(&block, &slots, columns, &mut panes), Ok(()));
            for (pane, sum) in borders.windows(2).zip(&direct) {
                let mut one_by_one = CellSum::default();
                let visit = &mut |_, _, value: &SlotValue| match value {
                    SlotValue::Activity(cell) => one_by_one.add(cell),
                    SlotValue::Gauge(_) => panic!("a gauge"),
                };
                decode_range(&block, &(pane[0]..pane[1]), columns, &mut Visitor::new(visit))
                    .expect("whole");
                prop_assert_eq!(sum.to_cell(), one_by_one.to_cell());
                prop_assert_eq!(sum.cells(), one_by_one.cells());
            }
        }
    }

    #[test]
    fn any_flipped_bit_is_detected(run in activity_run(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut block = encode_hot(&run);
        let position = at.index(block.len());
        block[position] ^= 1_u8 << bit;
        prop_assert!(decoded(&block).is_err());
    }
}

#[test]
fn buckets_add_up_wherever_earlier_buckets_lie() {
    let cell = |buckets: &[(i32, u64)]| {
        let buckets = buckets.iter().map(|(index, count)| Bucket { index: *index, count: *count });
        let durations = Histogram::from_parts(SCALE_MAX, 0, 7, buckets.collect());
        SlotValue::Activity(Cell { durations: durations.expect("valid"), ..Cell::default() })
    };
    let cells = [
        cell(&[(-70, 2), (-69, 3)]),
        // Below the existing counts, among them and above; gaps and counts on both sides of the limits of a
        // token.
        cell(&[(-1_280, 1), (-1_000, 4), (-70, 3), (-8, 1), (55, 3), (119, 2), (120, 1 << 40)]),
        cell(&[(-1_280, 3), (-1_279, 5), (-1_217, 1), (-1_153, 1), (958, 1), (959, 3)]),
        cell(&[]),
        cell(&[(959, 1)]),
    ];
    let run: Vec<_> = (5..).map(Slot).zip(cells.iter().cloned()).collect();
    let mut expected = Cell::default();
    for value in &cells {
        let SlotValue::Activity(cell) = value else { panic!("a gauge") };
        expected.merge(cell);
    }
    let (borders, mut sums) = ([Slot(0), Slot(9), Slot(20)], [(); 2].map(|()| CellSum::default()));
    let mut panes = Panes::new(&borders, &mut sums);
    let read = decode_range(&encode_hot(&run), &(Slot(0)..Slot(20)), Columns::ALL, &mut panes);
    assert_eq!(read, Ok(()));
    let [mut sum, last] = sums;
    assert_eq!(last.to_cell().durations.buckets(), [Bucket { index: 959, count: 1 }]);
    sum.add_sum(&last);
    assert_eq!(sum.to_cell(), expected);
}

#[test]
fn a_damaged_part_does_not_hide_the_others() {
    let run = |slot| vec![(Slot(slot), SlotValue::Activity(Cell::default()))];
    let (mut bad, good) = (encode_hot(&run(1)), encode_hot(&run(2)));
    let last = bad.len() - 1;
    bad[last] ^= 1;
    let block = merge(&[&bad, &good], encode_cold);
    let mut seen = Vec::new();
    let read = decode(&block, &mut |slot, _| seen.push(slot));
    assert_eq!((read, seen), (Err(PartError::Checksum), vec![Slot(2)]));
}

/// A steady stream with zeros, heartbeats, several classes and a gap.
fn golden_run() -> Vec<(Slot, SlotValue)> {
    let cell = |slot: u32| {
        let mut cell = Cell::default();
        for item in 0..slot % 7 {
            let at = TimestampMs(i64::from(slot) * 10_000 + i64::from(item) * 900);
            let class = if item == 5 { Outcome::Timeout } else { Outcome::Status2xx };
            let duration = if item == 4 { 0.0 } else { 0.1 + f64::from(slot * item % 11) * 0.01 };
            cell.record(class, Some(duration), at);
        }
        (Slot(slot), SlotValue::Activity(cell))
    };
    (1_000..1_030).chain(1_040..1_050).map(cell).collect()
}

/// Durations without a common divisor, so that the order of values encodes part of their sums.
fn golden_spread_run() -> Vec<(Slot, SlotValue)> {
    let cell = |slot: u32| {
        let mut cell = Cell::default();
        for item in 0..4 + slot % 12 {
            let duration = 0.1 + f64::from(slot * item * 7_919 % 100_003) * 1e-6;
            cell.record(Outcome::Status2xx, Some(duration), TimestampMs(i64::from(slot) * 10_000));
        }
        (Slot(slot), SlotValue::Activity(cell))
    };
    (1_000..1_030).map(cell).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// These bytes must not change: parts that were written stay readable.
#[test]
fn encodings_keep_their_bytes() {
    let gauges: Vec<_> = (0..3)
        .map(|slot| {
            let mut gauge = GaugeCell::new(
                f64::from(slot) + 0.5,
                TimestampMs(20_000 + 10_000 * i64::from(slot)),
            );
            gauge.merge(&GaugeCell::new(7.0, TimestampMs(20_000)));
            (Slot(slot + 2), SlotValue::Gauge(gauge))
        })
        .collect();
    let rans = cold::encode::<RansEncoding>(&golden_run()).expect("encoded");
    for (name, block, golden, run) in [
        ("packed", encode_hot(&golden_run()), GOLDEN_PACKED, golden_run()),
        ("rans", part_of(RANS, &rans), GOLDEN_RANS, golden_run()),
        ("huffman", encode_cold(&golden_spread_run()), GOLDEN_HUFFMAN, golden_spread_run()),
        ("gauges", encode_hot(&gauges), GOLDEN_GAUGES, gauges),
    ] {
        assert_eq!(hex(&block), golden.replace('\n', ""), "{name}");
        assert_eq!(decoded(&block), Ok(run), "{name}");
    }
    for version in [1, 4] {
        let unknown = part_of(version, b"anything");
        assert_eq!(decoded(&unknown), Err(PartError::Version(version)));
    }
}

const GOLDEN_PACKED: &str = include_str!("golden/packed.hex");
const GOLDEN_RANS: &str = include_str!("golden/rans.hex");
const GOLDEN_HUFFMAN: &str = include_str!("golden/huffman.hex");
const GOLDEN_GAUGES: &str = include_str!("golden/gauges.hex");

#[test]
fn a_long_run_is_split_into_parts() {
    let run: Vec<_> =
        (0..8_000).map(|slot| (Slot(slot), SlotValue::Activity(Cell::default()))).collect();
    assert_eq!(checked(&encode_cold(&run)).count(), 3);
    assert_eq!(decoded(&encode_cold(&run)), Ok(run));
}
