use proptest::prelude::*;

use super::*;
use crate::codec::panes::Panes;
use crate::model::cell::Cell;
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

fn sum_of(values: &[(usize, f64)], doublings: u32, scale: i8) -> CellSum {
    let mut cell = Cell::default();
    for (class, seconds) in values {
        cell.record(Outcome::ALL[*class], Some(*seconds), TimestampMs((*seconds * 1e3) as i64));
    }
    for _ in 0..doublings {
        cell.merge(&cell.clone());
    }
    cell.durations.lower_scale(scale);
    let mut sum = CellSum::default();
    sum.add(&cell);
    sum
}

proptest! {
    #[test]
    fn rows_add_up_to_the_sums_they_were_made_from(
        sums in prop::collection::vec((
            prop::collection::vec((0..Outcome::COUNT, 0.0..100.0_f64), 0..20),
            prop_oneof![Just(0_u32), 0..12_u32, 0..40_u32],
            prop_oneof![5 => Just(5_i8), 1 => 0..5_i8],
        ), 1..6),
    ) {
        let sums: Vec<CellSum> =
            sums.iter().map(|(values, doublings, scale)| sum_of(values, *doublings, *scale)).collect();
        let mut rows = Vec::new();
        let mut expected = CellSum::default();
        for (cell, sum) in (10..).zip(&sums) {
            put_row(Slot(cell), sum, &mut rows);
            expected.add_sum(sum);
        }
        let (borders, mut found) = ([Slot(0), Slot(100)], [CellSum::default()]);
        let mut sink = Panes::new(&borders, &mut found);
        decode_rows(&rows, &(Slot(10)..Slot(100)), Columns::ALL, &mut sink).expect("rows");
        prop_assert_eq!(found[0].to_cell(), expected.to_cell());
        prop_assert_eq!(found[0].cells(), expected.cells());
        let mut none = Panes::new(&borders, &mut found);
        decode_rows(&rows, &(Slot(0)..Slot(10)), Columns::ALL, &mut none).expect("rows");
        prop_assert_eq!(found[0].cells(), expected.cells(), "rows of other cells are ignored");
    }
}

proptest! {
    #[test]
    fn arbitrary_rows_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut rows = Vec::new();
        put_sized(&mut rows, &bytes);
        for scale in [5, 2] {
            let mut sums = [sum_of(&[(0, 0.5)], 0, scale)];
            let mut panes = Panes::new(&[Slot(0), Slot(u32::MAX)], &mut sums);
            let _ = decode_rows(&rows, &(Slot(0)..Slot(u32::MAX)), Columns::ALL, &mut panes);
        }
    }
}
