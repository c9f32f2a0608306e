use proptest::prelude::*;

use super::turn;
use crate::model::cell::Cell;
use crate::model::histogram::Histogram;
use crate::model::outcome::Outcome;
use crate::model::time::{Slot, SlotWidth, TimestampMs};

const WIDTH: SlotWidth = SlotWidth::DEFAULT;
const FIRST: Slot = Slot(179_520_000);

fn summary(counts: &[(Outcome, u64)], durations_s: &[f64]) -> Cell {
    let mut cell = Cell::default();
    for (class, count) in counts {
        cell.outcomes.add(*class, *count);
    }
    durations_s.iter().for_each(|seconds| cell.durations.record(*seconds));
    cell.last_at = Some(TimestampMs(WIDTH.start(FIRST).0 + 3_599_999));
    cell
}

fn sum(parts: &[(Slot, Cell)]) -> Cell {
    parts.iter().fold(Cell::default(), |mut sum, (_, part)| {
        sum.merge(part);
        sum
    })
}

#[test]
fn an_hour_of_requests_has_the_same_rate_in_every_slot() {
    let hour = summary(&[(Outcome::Status2xx, 3_240), (Outcome::Status5xx, 360)], &[]);
    let parts = hour.spread(FIRST, 360, WIDTH);
    assert_eq!(parts.len(), 360);
    assert_eq!(sum(&parts), hour);
    for (position, (slot, part)) in (0..).zip(&parts) {
        assert_eq!(*slot, FIRST.plus(position));
        assert_eq!(part.outcomes.total(), 10);
        assert_eq!(part.outcomes.get(Outcome::Status5xx), 1);
    }
}

#[test]
fn few_items_lie_far_apart() {
    let parts = summary(&[(Outcome::Status5xx, 12)], &[]).spread(FIRST, 360, WIDTH);
    let slots: Vec<u32> = parts.iter().map(|(slot, _)| slot.0 - FIRST.0).collect();
    assert_eq!(slots.len(), 12);
    let widest = slots.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(widest.is_some_and(|widest| widest <= 60), "{slots:?}");
}

#[test]
fn a_heartbeat_is_repeated_each_minute() {
    let newest = TimestampMs(WIDTH.start(FIRST).0 - 86_400_000);
    let heartbeat = Cell { last_at: Some(newest), ..Cell::default() };
    let parts = heartbeat.spread(FIRST, 90, WIDTH);
    let slots: Vec<u32> = parts.iter().map(|(slot, _)| slot.0 - FIRST.0).collect();
    assert_eq!(slots, (0..15).map(|minute| minute * 6 + 5).collect::<Vec<u32>>());
    assert_eq!(sum(&parts), heartbeat);
}

#[test]
fn the_newest_part_has_the_time_of_the_newest_event_and_none_a_later_one() {
    let hour = summary(&[(Outcome::Status2xx, 100)], &[]);
    let parts = hour.spread(FIRST, 360, WIDTH);
    let (last, earlier) = parts.split_last().expect("parts");
    assert_eq!(last.1.last_at, hour.last_at);
    for (slot, part) in earlier {
        assert_eq!(part.last_at, Some(TimestampMs(WIDTH.end(*slot).0 - 1)));
    }
}

#[test]
fn a_turn_visits_every_slot_once() {
    for slots in 1..=3_600 {
        let mut turn = turn(slots);
        turn.sort_unstable();
        assert!(turn.into_iter().eq(0..slots as usize), "{slots}");
    }
}

proptest! {
    #[test]
    fn the_parts_add_up_to_the_summary(
        counts in prop::collection::vec((0..Outcome::COUNT, 0_u64..5_000), 0..6),
        durations in prop::collection::vec(0.0..30.0, 0..400),
        slots in 1_u32..=360,
    ) {
        let counts: Vec<(Outcome, u64)> =
            counts.into_iter().map(|(class, count)| (Outcome::ALL[class], count)).collect();
        let whole = summary(&counts, &durations);
        let parts = whole.spread(FIRST, slots, WIDTH);
        prop_assert_eq!(&sum(&parts), &whole);
        prop_assert!(parts.is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(parts.iter().all(|(slot, _)| (FIRST..FIRST.plus(slots)).contains(slot)));
        // Every slot has its share of all items and of the durations, and each sum fits its buckets.
        let (items, timed) = (whole.outcomes.total(), whole.durations.count());
        for (_, part) in &parts {
            prop_assert!(part.outcomes.total() <= items.div_ceil(slots.into()));
            prop_assert!(part.durations.count() <= timed.div_ceil(slots.into()));
            prop_assert!(part.durations.is_empty() || sum_fits(&part.durations));
        }
    }
}

fn sum_fits(durations: &Histogram) -> bool {
    use crate::model::bucket::{bucket_lower_s, bucket_upper_s};
    let bound_us = |border: fn(i8, i32) -> f64| -> f64 {
        let buckets = durations.buckets().iter();
        buckets.map(|it| border(durations.scale(), it.index) * it.count as f64 * 1e6).sum()
    };
    // Sums are whole microseconds, rounded item by item.
    let slack_us = durations.count() as f64 + 1.0;
    let sum_us = durations.sum_us() as f64;
    bound_us(bucket_lower_s) - slack_us <= sum_us && sum_us <= bound_us(bucket_upper_s) + slack_us
}
