use super::*;

#[test]
fn a_pattern_matches_from_end_to_end() {
    let pattern = Pattern::new("label.*|rates").expect("a pattern");
    assert!(pattern.is_match("label_create") && pattern.is_match("rates"));
    assert!(!pattern.is_match("my_label") && !pattern.is_match("rates2"));
    assert!(Pattern::new("").expect("a pattern").is_match(""));
    assert!(Pattern::new("(?x) a # b").expect("a comment to the end").is_match("a"));
    assert_eq!(pattern, Pattern::new("label.*|rates").expect("a pattern"));
}

#[test]
fn an_invalid_pattern_has_an_error_that_names_the_mistake() {
    let wrong = |source: &str| Pattern::new(source).expect_err("invalid");
    assert_eq!(wrong("lab(el"), PatternError::Syntax("unclosed group".into()));
    assert!(matches!(wrong("a)|(b"), PatternError::Syntax(_)));
    assert_eq!(wrong("((a{100}){100}){100}"), PatternError::TooLarge);
    assert_eq!(wrong(&"x".repeat(PATTERN_BYTES_MAX + 1)), PatternError::TooLarge);
}

#[test]
fn labels_are_accepted_when_every_condition_holds() {
    let mut matchers = LabelMatchers::new();
    matchers.read(Label::Partner, ["~d.*", "!dpd"]).expect("valid");
    matchers.read(Label::Site, ["ams1"]).expect("valid");
    let accepts = |partner: Option<&str>, site: Option<&str>| {
        matchers.accept(|label| if label == Label::Partner { partner } else { site })
    };
    assert!(accepts(Some("dhl"), Some("ams1")));
    assert!(!accepts(Some("dpd"), Some("ams1")) && !accepts(Some("ups"), Some("ams1")));
    assert!(!accepts(Some("dhl"), Some("")) && !accepts(Some("dhl"), None));
    assert!(!accepts(None, Some("ams1")));
    assert_eq!((matchers.only(Label::Site), matchers.only(Label::Partner)), (Some("ams1"), None));
}

#[test]
fn conditions_that_contradict_each_other_are_found() {
    let is_possible = |values: &[&str]| {
        let mut matchers = LabelMatchers::new();
        matchers.read(Label::Partner, values.iter().copied()).expect("valid");
        matchers.is_possible(Label::Partner)
    };
    for values in [&[][..], &["dhl"], &["dhl", "ups", "!ups"], &["!dhl", "~d.*"], &["dhl", "~d.*"]]
    {
        assert!(is_possible(values), "{values:?}");
    }
    for values in
        [&["dhl", "!dhl"][..], &["dhl", "~u.*"], &["~d.*", "!~d.*"], &["!~d.*", "~d.*"], &["!~.*"]]
    {
        assert!(!is_possible(values), "{values:?}");
    }
}
