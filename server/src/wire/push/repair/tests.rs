use super::*;

fn repaired(body: &str) -> Option<String> {
    repair(body.as_bytes()).map(|body| String::from_utf8(body).expect("text"))
}

#[test]
fn only_words_that_are_no_json_are_quoted() {
    assert_eq!(
        repaired(r#"{"a":NaN,"b":[1,-Infinity],"c":1e999}"#).as_deref(),
        Some(r#"{"a":"NaN","b":[1,"-Infinity"],"c":"1e999"}"#)
    );
    assert_eq!(
        repaired(r#"{"status":000,"latency_ms":.5,"x":+1,"y":None,"z":0x1f}"#).as_deref(),
        Some(r#"{"status":"000","latency_ms":".5","x":"+1","y":"None","z":"0x1f"}"#)
    );
    assert_eq!(repaired(r#"{"a":"NaN \" Infinity","b":-1.5e3,"c":true,"d":null}"#), None);
    assert_eq!(repaired(r#"{events:[1]}"#), None, "names are not quoted");
    assert_eq!(repaired(r#""unfinished NaN"#), None);
}

#[test]
fn texts_that_are_no_unicode_hold_a_noncharacter() {
    for (bad, good) in [
        (&br#""a\ud83d""#[..], "\"a\u{fdd0}\""),
        (br#""\ude00b""#, "\"\u{fdd0}b\""),
        (br#""\ud83d\ud83d\ude00""#, "\"\u{fdd0}\\ud83d\\ude00\""),
        (b"\"Gro\xdfh\xe4ndler\"", "\"Gro\u{fdd0}h\u{fdd0}ndler\""),
        (b"\"a\tb\"", "\"a\u{fdd0}b\""),
        (br#""\x41 \'""#, "\"\u{fdd0}41 \u{fdd0}\""),
        (br#""\u12g4""#, "\"\u{fdd0}12g4\""),
        (br#""\u+123""#, "\"\u{fdd0}+123\""),
    ] {
        let repaired = repair(bad).map(|body| String::from_utf8(body).expect("text"));
        assert_eq!(repaired.as_deref(), Some(good));
        serde_json::from_str::<String>(good).expect("JSON");
    }
    for valid in [r#""\ud83d\ude00\u00e4\n\\ud83d""#, "\"Großhändler\"", r#""\\\"""#] {
        assert_eq!(repaired(valid), None, "{valid}");
    }
}
