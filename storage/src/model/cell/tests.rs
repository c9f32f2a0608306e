use super::*;

#[test]
fn absorbing_equals_merging() {
    let mut one = Cell::default();
    one.record(Outcome::Status2xx, Some(0.2), TimestampMs(7));
    let mut other = Cell::default();
    other.record(Outcome::Timeout, Some(3.0), TimestampMs(5));
    for cell in [Cell::default(), one] {
        let (mut absorbed, mut merged) = (cell.clone(), cell);
        absorbed.absorb(other.clone());
        merged.merge(&other);
        assert_eq!(absorbed, merged);
    }
}
