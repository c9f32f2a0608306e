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
