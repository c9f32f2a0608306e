use super::*;

#[test]
fn a_text_is_cut_between_letters_and_shows_it() {
    for (text, chars_max, expected) in [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("🦀🦀🦀", 4, "🦀…"),
        ("🦀🦀", 4, "🦀🦀"),
        ("üü", 1, "…"),
    ] {
        let mut cut_text = text.to_owned();
        cut(&mut cut_text, chars_max);
        assert_eq!(cut_text, expected, "{text}");
        assert!(length(&cut_text) <= chars_max, "{text}");
    }
}
