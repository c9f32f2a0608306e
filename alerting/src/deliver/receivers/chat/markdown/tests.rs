use super::*;

#[test]
fn names_stay_readable_and_markup_does_not() {
    let table = [
        ("dhl create_label at ams1: 5xx", "dhl create_label at ams1: 5xx"),
        ("_a_ *b* `c` ~d~ |e|", r"\_a\_ \*b\* \`c\` \~d\~ \|e\|"),
        ("[x](http://e.example)", r"\[x\](http://e.example)"),
        ("# > x", r"\# \> x"),
        (r"a\*", r"a\\\*"),
        ("<@12> <#3>", "<\u{200b}@\u{200b}12\\> <\u{200b}\\#3\\>"),
        ("ops@x.example @all", "ops@x.example @\u{200b}all"),
    ];
    for (text, expected) in table {
        assert_eq!(escaped(text), expected, "{text}");
    }
}

#[test]
fn a_parenthesis_does_not_end_an_address() {
    assert_eq!(
        (MARKDOWN.link)("Run_", "https://a.example/(b)"),
        r"[Run\_](https://a.example/%28b%29)"
    );
}
