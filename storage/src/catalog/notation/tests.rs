use super::*;

fn read(label: Label, values: &[&str]) -> Result<Vec<Matcher>, SelectorError> {
    let mut matchers = LabelMatchers::new();
    matchers.read(label, values.iter().copied())?;
    Ok(matchers.iter().map(|(_, matcher)| matcher.clone()).collect())
}

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(ToString::to_string).collect()
}

fn regex(text: &str) -> Matcher {
    Matcher::Regex(Pattern::new(text).expect("valid"))
}

#[test]
fn values_are_sets_negations_and_patterns() {
    let not_y = Matcher::NotRegex(Pattern::new("y").expect("valid"));
    let expected =
        vec![Matcher::In(set(&["a", "b"])), Matcher::NotIn(set(&["c", ""])), regex("x.*"), not_y];
    for values in [&["a", "!c", "b", "~x.*", "!~y", "!"][..], &["a, !c ,b,~x.*,!~y,!"]] {
        assert_eq!(read(Label::Operation, values), Ok(expected.clone()), "{values:?}");
    }
    assert_eq!(read(Label::Operation, &[]), Ok(Vec::new()));
}

#[test]
fn spaces_around_a_value_do_not_count() {
    for text in ["dhl", " dhl", "dhl ", "\tdhl\u{a0}", "dhl, dhl"] {
        assert_eq!(read(Label::Partner, &[text]), Ok(vec![Matcher::In(set(&["dhl"]))]), "{text:?}");
    }
    assert_eq!(read(Label::Partner, &["! dhl"]), Ok(vec![Matcher::NotIn(set(&["dhl"]))]));
    assert_eq!(read(Label::Partner, &[" ~dhl de "]), Ok(vec![regex("dhl de")]));
}

#[test]
fn a_value_is_brought_into_the_form_that_labels_are_stored_in() {
    assert_eq!(read(Label::Site, &["ko\u{308}ln"]), Ok(vec![Matcher::In(set(&["k\u{f6}ln"]))]));
    let error = read(Label::Site, &["dhl\u{200b}"]).expect_err("invisible").to_string();
    assert!(error.contains("invisible character U+200B"), "{error}");
}

#[test]
fn a_backslash_makes_a_character_plain() {
    let table = [
        (r"acme\, inc", "acme, inc"),
        (r"\!dhl", "!dhl"),
        (r"\~dhl", "~dhl"),
        (r"a\\b", r"a\b"),
        (r"a\b", r"a\b"),
        ("a!b~c", "a!b~c"),
    ];
    for (text, value) in table {
        assert_eq!(read(Label::Site, &[text]), Ok(vec![Matcher::In(set(&[value]))]), "{text}");
    }
    assert_eq!(read(Label::Site, &[r"!\!x"]), Ok(vec![Matcher::NotIn(set(&["!x"]))]));
}

#[test]
fn a_comma_in_the_brackets_of_a_pattern_separates_nothing() {
    let three = read(Label::Partner, &[r"~d{1,3}l[a,b](c,d),ups,~acme\, inc"]);
    let expected = [Matcher::In(set(&["ups"])), regex("d{1,3}l[a,b](c,d)"), regex(r"acme\, inc")];
    assert_eq!(three, Ok(expected.to_vec()));
    assert!(regex(r"acme\, inc").accepts("acme, inc"));
    assert_eq!(read(Label::Partner, &["a(b,c)"]), Ok(vec![Matcher::In(set(&["a(b", "c)"]))]));
}

#[test]
fn what_selects_nothing_is_an_error() {
    let text = |label, values: &[&str]| read(label, values).expect_err("an error").to_string();
    for value in ["", " ", "dhl,", "!", "~", "!~", "~ "] {
        let found = text(Label::Partner, &[value]);
        assert_eq!(
            found,
            "has an empty value, but no stream is without `partner`; name a value, or leave `partner` out for all"
        );
    }
    assert_eq!(read(Label::Site, &[""]), Ok(vec![Matcher::In(set(&[""]))]));
    assert_eq!(
        text(Label::Site, &["~lab(el"]),
        "has the pattern \"lab(el\", which is no regular expression: unclosed group"
    );
    assert_eq!(
        text(Label::Site, &["a\u{1}"]),
        "has the value \"a\\u{1}\", which holds a control character"
    );
    let long = "x".repeat(129);
    assert!(text(Label::Site, &[&long]).contains("is 129 bytes long, the limit is 128"));
    assert_eq!(text(Label::Site, &["~a"; 17]), "has more than 16 patterns; join them with |");
}

#[test]
fn operators_of_other_notations_are_errors_and_spaces_after_one_do_not_count() {
    for value in ["=dhl", "=~dhl.*", "!=dhl", "!!dhl", "! !dhl"] {
        let error = read(Label::Partner, &[value]).expect_err("an error").to_string();
        assert!(error.contains("whose operator is not known; write dhl, !dhl"), "{value}: {error}");
    }
    assert_eq!(read(Label::Partner, &[r"\=x", "a=b"]), Ok(vec![Matcher::In(set(&["=x", "a=b"]))]));
    assert_eq!(read(Label::Partner, &["~ dhl"]), Ok(vec![regex("dhl")]));
}

#[test]
fn a_stream_is_one_name() {
    for text in ["~req.*", "!requests", "=requests", " ~x", "requests,tracking", "requests,"] {
        let error = stream_name(text).expect_err("an error").to_string();
        assert!(error.contains("but names one stream"), "{text}: {error}");
    }
    assert_eq!(stream_name(" requests").as_deref(), Ok("requests"));
    assert!(stream_name("").is_err());
}

#[test]
fn a_selector_is_written_as_it_is_read() {
    let values =
        [r"acme\, inc", r"\!dhl", r"a\\b", "a!b", "!ups", "~x.*", r"!~y\,z", r"~(\(,)", r"\=x"];
    let mut matchers = LabelMatchers::new();
    matchers.read(Label::Site, values).expect("valid");
    let written = matchers.written();
    let mut again = LabelMatchers::new();
    again.read(Label::Site, written[&Label::Site].iter().map(String::as_str)).expect("valid");
    assert_eq!(again, matchers, "{written:?}");
}
