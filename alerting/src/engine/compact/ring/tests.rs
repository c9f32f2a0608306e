use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const TICKS: i64 = 100;

fn ring(items: &[(i64, u32, u32)]) -> Ring<2> {
    let mut ring = Ring::new(TICKS as u16);
    items.iter().for_each(|(tick, all, bad)| ring.add(*tick, [*all, *bad]));
    ring
}

fn get(ring: &Ring<2>, tick: i64) -> [u32; 2] {
    [ring.count(tick, 0), ring.count(tick, 1)]
}

proptest! {
    #[test]
    fn it_counts_what_was_added_within_reach_in_any_order(
        mut items in proptest::collection::vec((1_000_i64..1_090, 1_u32..90_000, 0_u32..300), 1..60),
        turn in 0_usize..1_000
    ) {
        let mut sums = BTreeMap::<i64, [u32; 2]>::new();
        for (tick, all, bad) in &items {
            let sum = sums.entry(*tick).or_default();
            *sum = [sum[0] + all, sum[1] + bad];
        }
        let one = ring(&items);
        let turn = turn % items.len();
        items.rotate_left(turn);
        items.reverse();
        let two = ring(&items);
        for tick in 990..1_110 {
            let expected = sums.get(&tick).copied().unwrap_or_default();
            prop_assert_eq!(get(&one, tick), expected);
            prop_assert_eq!(get(&two, tick), expected);
            prop_assert_eq!(one.sum(tick..=tick), expected.map(u64::from));
            let since = sums.range(..=tick).fold([0, 0], |sum: [u64; 2], (_, counts)| {
                [sum[0] + u64::from(counts[0]), sum[1] + u64::from(counts[1])]
            });
            prop_assert_eq!(one.sum(900..=tick), since);
        }
    }
}

#[test]
fn it_forgets_what_it_no_longer_reaches() {
    let mut ring = ring(&[(10, 5, 1), (10 + TICKS, 7, 0), (10, 5, 1)]);
    assert_eq!((get(&ring, 10), get(&ring, 10 + TICKS)), ([0, 0], [7, 0]));
    ring.add(10 + 5 * TICKS, [u32::MAX, 1]);
    ring.add(10 + 5 * TICKS, [9, 0]);
    assert_eq!(get(&ring, 10 + TICKS), [0, 0]);
    assert_eq!(get(&ring, 10 + 5 * TICKS), [u32::MAX, 1]);
    assert_eq!(get(&ring, 11 + 5 * TICKS), [0, 0]);
}

#[test]
fn a_column_without_counts_takes_no_room() {
    assert_eq!(ring(&[(1, 200, 0)]).bytes.len(), TICKS as usize);
    assert_eq!(ring(&[(1, 200, 0), (2, 300, 1)]).bytes.len(), 3 * TICKS as usize);
}
