use super::*;

fn repaired(body: &str) -> Option<String> {
    quote_impossible_numbers(body.as_bytes()).map(|body| String::from_utf8(body).expect("text"))
}

#[test]
fn only_impossible_numbers_outside_strings_are_quoted() {
    assert_eq!(
        repaired(r#"{"a":NaN,"b":[1,-Infinity],"c":1e999}"#).as_deref(),
        Some(r#"{"a":"NaN","b":[1,"-Infinity"],"c":"1e999"}"#)
    );
    assert_eq!(
        repaired(r#"{"a":000,"b":-01.5,"c":0.5,"d":[-0.5,0,10]}"#).as_deref(),
        Some(r#"{"a":"000","b":"-01.5","c":0.5,"d":[-0.5,0,10]}"#)
    );
    assert_eq!(repaired(r#"{"a":"NaN \" Infinity","b":-1.5e3,"c":true}"#), None);
    assert_eq!(repaired(r#"{"a":tru"#), None);
    assert_eq!(repaired(r#""unfinished NaN"#), None);
}
