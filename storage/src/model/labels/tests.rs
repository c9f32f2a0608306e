use super::*;

#[test]
fn names_round_trip_and_numbers_are_positions() {
    for (position, label) in Label::ALL.into_iter().enumerate() {
        assert_eq!(Label::parse(label.as_str()), Some(label));
        assert_eq!(label as usize, position);
    }
    assert_eq!(Label::parse("colour"), None);
}

#[test]
fn values_are_short_and_printable() {
    assert_eq!(check_label("dhl"), Ok(()));
    assert_eq!(check_label("Großhändler"), Ok(()));
    assert_eq!(check_label(&"x".repeat(128)), Ok(()));
    assert_eq!(check_label(""), Err(LabelError::Empty));
    assert_eq!(check_label(&"x".repeat(129)), Err(LabelError::TooLong { bytes: 129 }));
    assert_eq!(check_label("a\nb"), Err(LabelError::Control));
    assert_eq!(check_label("a\u{85}b"), Err(LabelError::Control));
}
