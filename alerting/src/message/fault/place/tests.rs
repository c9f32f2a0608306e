use super::*;

fn tally((bad, all): (u64, u64)) -> Tally {
    Tally { bad, all }
}

/// Items of each value as (bad, all), the usual share, and the values that have the fault.
type Case<'a> = (&'a [(u64, u64)], f64, Option<&'a [usize]>);

#[test]
fn a_fault_is_in_the_values_that_hold_nearly_all_of_it() {
    let table: [Case<'_>; 9] = [
        (&[(0, 600), (41, 132)], 0.0, Some(&[1])),
        (&[(30, 100), (0, 500), (40, 100)], 0.0, Some(&[2, 0])),
        // It is everywhere.
        (&[(40, 100), (41, 100)], 0.0, None),
        (&[(10, 100), (11, 100), (9, 100), (12, 100), (0, 100)], 0.0, None),
        // The only value.
        (&[(3, 100)], 0.0, Some(&[0])),
        // Others have the usual share.
        (&[(50, 1_000), (60, 100)], 0.05, Some(&[1])),
        (&[(50, 1_000), (60, 100)], 0.0, None),
        // Too few items, and nothing to compare with.
        (&[(2, 2), (0, 500)], 0.0, None),
        (&[(9, 9), (0, 0)], 0.0, None),
    ];
    for (items, usual, expected) in table {
        let tallies: Vec<Tally> = items.iter().copied().map(tally).collect();
        assert_eq!(concentrated(&tallies, usual).as_deref(), expected, "{items:?}");
    }
}
