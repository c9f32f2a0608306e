use super::*;

/// Numbers of steps with the bad items and all items of each.
type Parts<'a> = &'a [(usize, u64, u64)];

fn tallies(parts: &[(usize, u64, u64)]) -> Vec<Tally> {
    let each = parts.iter();
    each.flat_map(|(steps, bad, all)| vec![Tally { bad: *bad, all: *all }; *steps]).collect()
}

#[test]
fn the_onset_is_where_the_share_rises() {
    // Steps with (bad, all) items, and the first step of the fault.
    let table: [(Parts<'_>, usize); 7] = [
        (&[(100, 0, 20), (12, 10, 20)], 100),
        (&[(100, 1, 20), (30, 5, 20)], 100),
        // An earlier burst that has ended.
        (&[(60, 0, 20), (12, 20, 20), (60, 0, 20), (20, 8, 20)], 132),
        // Few items: one in each sixth step.
        (&[(90, 0, 1), (12, 1, 1)], 90),
        // Most of the series is in the fault.
        (&[(10, 0, 20), (200, 10, 20)], 10),
        // No data before.
        (&[(50, 0, 0), (10, 0, 5), (20, 5, 5)], 60),
        (&[(1_800, 0, 0), (30, 0, 30), (3, 4, 30)], 1_830),
    ];
    for (parts, expected) in table {
        let change = change_of_share(&tallies(parts)).expect("a change");
        assert_eq!(change.position, expected, "{parts:?}");
        let (first, last) = change.bounds;
        assert!(first <= expected && expected <= last, "{parts:?} {change:?}");
        assert!(last - first <= 12, "{parts:?} {change:?}");
    }
}

#[test]
fn nothing_has_changed_in_a_steady_series_or_an_empty_one() {
    assert_eq!(change_of_share(&tallies(&[(100, 1, 20)])), None);
    assert_eq!(change_of_share(&[]), None);
    assert_eq!(change_of_share(&tallies(&[(100, 0, 0)])), None);
    assert_eq!(change_of_rate(&[7; 100]), None);
    assert_eq!(change_of_rate(&[]), None);
}

#[test]
fn a_drop_begins_where_the_rate_falls() {
    let mut counts = vec![20; 100];
    counts.extend([3; 40]);
    assert_eq!(change_of_rate(&counts).expect("a change").position, 100);
    counts.extend([0; 40]);
    let change = change_of_rate(&counts).expect("a change");
    assert!((100..=140).contains(&change.position), "{change:?}");
}

#[test]
fn an_onset_has_the_time_of_its_step_and_how_far_it_may_be_off() {
    let change = Change { position: 6, bounds: (5, 9), before: 0.1 };
    let onset = change.onset(TimestampMs(60_000), 10_000);
    assert_eq!((onset.at, onset.within_ms), (TimestampMs(120_000), 30_000));
}
