use super::*;

#[test]
fn a_key_is_found_in_each_header_that_clients_have() {
    let with = |name: &'static str, value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        key_of(&headers)
    };
    let key = Some("pls_a_b_c".to_owned());
    assert_eq!(with("x-api-key", "pls_a_b_c"), key);
    assert_eq!(with("authorization", "Bearer pls_a_b_c"), key);
    assert_eq!(with("authorization", "bearer  pls_a_b_c"), key);
    let basic = |text: &str| with("authorization", &format!("Basic {}", STANDARD.encode(text)));
    assert_eq!(basic("any:pls_a_b_c"), key);
    assert_eq!(basic(":pls_a_b_c"), key);
    assert_eq!(basic("pls_a_b_c"), None);
    assert_eq!(with("authorization", "Basic !"), None);
    assert_eq!(with("authorization", "Digest pls_a_b_c"), None);
    assert_eq!(with("authorization", "pls_a_b_c"), None);
    assert_eq!(key_of(&HeaderMap::new()), None);
}
