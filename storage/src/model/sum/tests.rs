use proptest::prelude::*;

use super::*;
use crate::model::outcome::Outcome;

fn cell(values: &[f64], scale: i8) -> Cell {
    let mut cell = Cell::default();
    for value in values {
        cell.record(Outcome::Status2xx, Some(*value), TimestampMs((*value * 1e3) as i64));
    }
    cell.durations.lower_scale(scale);
    cell
}

proptest! {
    #[test]
    fn a_sum_equals_merging_the_cells(
        cells in prop::collection::vec(
            (prop::collection::vec(0.0..50.0_f64, 1..20), SCALE_MIN..=SCALE_MAX), 0..8),
    ) {
        let cells: Vec<Cell> = cells.iter().map(|(values, scale)| cell(values, *scale)).collect();
        let mut merged = Cell::default();
        let mut sum = CellSum::default();
        for one in &cells {
            merged.merge(one);
            sum.add(one);
        }
        let summed = sum.to_cell();
        prop_assert_eq!(summed.durations.count(), merged.durations.count());
        prop_assert_eq!(summed.durations.quantile(0.95), merged.durations.quantile(0.95));
        prop_assert_eq!(summed.outcomes, merged.outcomes);
        prop_assert_eq!(summed.last_at, merged.last_at);
        prop_assert_eq!(sum.count(), merged.durations.count());
        for q in [0.01, 0.5, 0.95, 1.0] {
            prop_assert_eq!(sum.quantile(q), merged.durations.quantile(q));
        }
    }

    #[test]
    fn removing_a_sum_undoes_adding_it(
        kept in prop::collection::vec(0.0..50.0_f64, 1..20),
        removed in prop::collection::vec(0.0..50.0_f64, 1..20),
    ) {
        let mut sum = CellSum::default();
        sum.add(&cell(&kept, SCALE_MAX));
        let before = sum.to_cell();
        let mut other = CellSum::default();
        other.add(&cell(&removed, SCALE_MAX));
        sum.add_sum(&other);
        sum.remove_sum(&other);
        prop_assert_eq!(sum.to_cell().durations, before.durations);
        prop_assert_eq!(sum.cells(), 1);
    }
}
