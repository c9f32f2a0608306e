use super::*;

#[test]
fn merging_keeps_the_newest_and_the_extremes_in_any_order() {
    let readings = [(3.0, 10), (9.0, 30), (1.0, 20)];
    let cells = readings.map(|(value, at)| GaugeCell::new(value, TimestampMs(at)));
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut merged = cells[order[0]].clone();
        merged.merge(&cells[order[1]]);
        merged.merge(&cells[order[2]]);
        assert_eq!((merged.last, merged.min, merged.max, merged.count), (9.0, 1.0, 9.0, 3));
        assert!((merged.mean() - 13.0 / 3.0).abs() < 1e-12);
    }
}
