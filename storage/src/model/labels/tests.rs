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
fn texts_are_short_and_printable() {
    assert_eq!(check_text(" O-1 "), Ok(()));
    assert_eq!(check_text("Großhändler"), Ok(()));
    assert_eq!(check_text(&"x".repeat(128)), Ok(()));
    assert_eq!(check_text(""), Err(LabelError::Empty));
    assert_eq!(check_text(&"x".repeat(129)), Err(LabelError::TooLong { bytes: 129 }));
    assert_eq!(check_text("a\nb"), Err(LabelError::Control));
    assert_eq!(check_text("a\u{85}b"), Err(LabelError::Control));
    for noncharacter in ["\u{fdd0}", "a\u{fffe}", "\u{1ffff}b"] {
        assert_eq!(check_text(noncharacter), Err(LabelError::Noncharacter), "{noncharacter:?}");
        assert_eq!(normal_label(noncharacter), Err(LabelError::Noncharacter), "{noncharacter:?}");
    }
}

#[test]
fn labels_that_look_alike_have_one_normal_form() {
    let table = [
        ("dhl", "dhl"),
        ("dhl ", "dhl"),
        ("\tdhl\r\n", "dhl"),
        ("\u{a0}dhl\u{3000}", "dhl"),
        ("dhl\u{a0}express", "dhl express"),
        ("dhl\u{2003}express\u{2028}gmbh", "dhl express gmbh"),
        ("Großha\u{308}ndler", "Großhändler"),
        ("\u{a0}Großha\u{308}ndler\u{202f}Süd", "Großhändler Süd"),
        ("K\u{212b}", "KÅ"),
        ("Владивосток", "Владивосток"),
        ("順豐速運", "順豐速運"),
        ("\u{1112}\u{1161}\u{11ab}\u{110c}\u{1175}\u{11ab}", "한진"),
    ];
    for (value, normal) in table {
        assert_eq!(normal_label(value).as_deref(), Ok(normal), "{value:?}");
        assert_eq!(normal_label(normal).as_deref(), Ok(normal), "it is its own normal form");
    }
}

#[test]
fn labels_with_characters_that_show_nothing_are_invalid() {
    // Zero-width characters, a byte order mark, a soft hyphen, marks of direction, their embeddings and
    // isolates, selectors of variations, tags, fillers, marks of annotations.
    for character in "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{200e}\u{200f}\u{61c}\u{202a}\u{202e}\
        \u{2066}\u{2069}\u{fe00}\u{fe0f}\u{e0100}\u{e0041}\u{e007f}\u{34f}\u{115f}\u{3164}\u{ffa0}\u{2800}\
        \u{180e}\u{fff9}"
        .chars()
    {
        for value in [format!("{character}dhl"), format!("d{character}hl"), format!("dhl{character}")] {
            assert_eq!(normal_label(&value), Err(LabelError::Invisible { character }), "{value:?}");
        }
    }
    let error = normal_label("d\u{ad}hl").expect_err("invisible");
    assert_eq!(error.to_string(), "holds the invisible character U+00AD; leave it out");
    assert_eq!(normal_label("a\nb"), Err(LabelError::Control));
    assert_eq!(normal_label("ä\tb"), Err(LabelError::Control));
    for empty in ["", "  ", "\u{a0}", "\n"] {
        assert_eq!(normal_label(empty), Err(LabelError::Empty), "{empty:?}");
    }
    assert_eq!(normal_label(&"x".repeat(129)), Err(LabelError::TooLong { bytes: 129 }));
    let composed = "a\u{308}".repeat(64);
    assert_eq!(normal_label(&composed).as_deref(), Ok("ä".repeat(64).as_str()));
}
