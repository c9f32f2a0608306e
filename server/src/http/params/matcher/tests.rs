use super::*;

fn read_all(values: &[&str]) -> Result<LabelMatchers, ApiError> {
    let mut matchers = LabelMatchers::new();
    let values = values.iter().map(ToString::to_string).collect();
    read(Label::Operation, values, &mut matchers).map(|()| matchers)
}

#[test]
fn values_are_sets_negations_and_patterns() {
    let read = read_all(&["a", "!c", "b", "~x.*", "!~y", "!"]).expect("valid");
    let set = |values: &[&str]| values.iter().map(ToString::to_string).collect();
    let pattern = |text| Pattern::new(text).expect("valid");
    let found: Vec<_> = read.iter().map(|(_, matcher)| matcher.clone()).collect();
    let expected = [
        Matcher::In(set(&["a", "b"])),
        Matcher::NotIn(set(&["c", ""])),
        Matcher::Regex(pattern("x.*")),
        Matcher::NotRegex(pattern("y")),
    ];
    assert_eq!(found, expected);
    assert!(read_all(&[]).expect("valid").is_empty());
}

#[test]
fn a_wrong_pattern_names_the_parameter() {
    let error = format!("{:?}", read_all(&["~lab(el"]).expect_err("an error"));
    assert!(error.contains("`operation`") && error.contains("unclosed group"), "{error}");
    assert!(read_all(&["~a"; PATTERNS_MAX + 1]).is_err());
}
