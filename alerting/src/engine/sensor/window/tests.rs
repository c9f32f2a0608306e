use proptest::prelude::*;

use super::*;

const WIDTH: SlotWidth = SlotWidth::DEFAULT;

proptest! {
    #[test]
    fn a_sum_is_that_of_what_lies_in_the_window(
        items in proptest::collection::vec((0_u32..50, 0_u64..5, 0_u64..9), 0..60),
        first in 0_u32..60
    ) {
        let mut counts = Counts::new(Steps::of(3_600_000, WIDTH));
        for (slot, bad, more) in &items {
            counts.add(Slot(*slot), *bad, bad + more);
        }
        let inside = items.iter().filter(|(slot, ..)| *slot >= first);
        let expected = inside.fold((0, 0), |(b, a), (_, bad, more)| (b + bad, a + bad + more));
        prop_assert_eq!(counts.sum(Slot(first), Slot(100)), expected);
    }

    #[test]
    fn durations_are_those_that_lie_in_the_window(
        items in proptest::collection::vec((0_u32..50, 0.01_f64..4.0), 0..60),
        first in 0_u32..60
    ) {
        let mut durations = Durations::new(Steps::of(600_000, WIDTH), 2);
        let (mut all, mut above) = (Histogram::default(), [0, 0]);
        for (slot, seconds) in &items {
            let mut one = Histogram::default();
            one.record(*seconds);
            durations.add(Slot(*slot), &one, &[1.0, 2.0]);
            if *slot >= first {
                all.merge(&one);
                above[0] += one.count_above(1.0);
                above[1] += one.count_above(2.0);
            }
        }
        let (first, last) = (Slot(first), Slot(60));
        prop_assert_eq!(durations.merged(first, last), all.clone());
        durations.slide_to(first);
        prop_assert_eq!(durations.merged(first, last), all.clone());
        for (level, above) in above.into_iter().enumerate() {
            prop_assert_eq!(durations.sum(first, last, level), (above, all.count()));
        }
    }

    #[test]
    fn a_long_window_begins_late_by_less_than_a_step(
        items in proptest::collection::vec(0_u32..60_480, 1..200), now in 0_u32..60_480
    ) {
        let hours = 24 * 3_600_000;
        let mut counts = Counts::new(Steps::of(hours, WIDTH));
        let (slots, step) = (8_640, 24);
        let mut sorted = items;
        sorted.sort_unstable();
        for slot in sorted.iter().filter(|slot| **slot <= now) {
            counts.add(Slot(*slot), 0, 1);
        }
        let since = |first: u32| sorted.iter().filter(|it| (first..=now).contains(it)).count() as u64;
        let first = (now + 1).saturating_sub(slots);
        let (_, found) = counts.sum(Slot(first), Slot(now));
        let range = since(first)..=since(first.saturating_sub(step - 1));
        prop_assert!(range.contains(&found), "{} not in {:?}", found, range);
    }
}
