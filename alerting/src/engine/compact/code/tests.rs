use super::*;

#[test]
fn a_code_is_its_value_but_for_a_little() {
    for value in [0.0, 1e-9, 1e-4, 0.0499, 0.05, 0.99, 1.0, 2.5, 86_400.0, 1e9] {
        let found = LogCode::new(value).value().unwrap();
        assert!((found - value).abs() <= value * 4e-4, "{found} for {value}");
    }
    assert!(LogCode::new(0.0) < LogCode::new(1e-12) && LogCode::new(0.1) < LogCode::new(0.1001));
    assert_eq!(LogCode::new(1e-30), LogCode(1));
    assert!(LogCode::new(1e30) < LogCode::UNKNOWN && LogCode::UNKNOWN.value().is_none());
}
