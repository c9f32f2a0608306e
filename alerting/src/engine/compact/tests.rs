use super::*;

#[test]
fn a_code_is_its_value_but_for_a_little() {
    for value in [0.0, 1e-9, 1e-4, 0.0499, 0.05, 0.99, 1.0, 2.5, 86_400.0, 1e9] {
        let found = Code::new(value).value().unwrap();
        assert!((found - value).abs() <= value * 4e-4, "{found} for {value}");
    }
    assert!(Code::new(0.0) < Code::new(1e-12) && Code::new(0.1) < Code::new(0.1001));
    assert_eq!(Code::new(1e-30), Code(1));
    assert!(Code::new(1e30) < Code::UNKNOWN && Code::UNKNOWN.value().is_none());
}
