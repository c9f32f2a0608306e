use super::*;

#[test]
fn errors_of_computation_are_not_shown() {
    for (number, shown) in [
        (35.0 * 0.01, "0.35"),
        (0.1 + 0.2, "0.3"),
        (7.0 * 0.01, "0.07"),
        (-1.1 * 3.0, "-3.3"),
        (1.0 / 3.0, "0.333333333333333"),
        (2_021.778_572, "2021.778572"),
        (1e300, "1e300"),
        (0.0, "0.0"),
    ] {
        assert_eq!(format!("{:?}", plain(number)), shown);
    }
    assert!(plain(f64::NAN).is_nan() && plain(f64::INFINITY).is_infinite());
}
