use super::*;

#[test]
fn nobody_is_mentioned_and_addresses_stay() {
    let text = without_mentions("@here, (@all) noc@dhl.example ü@b");
    assert_eq!(text, "@\u{200b}here, (@\u{200b}all) noc@dhl.example ü@b");
}

#[test]
fn a_parameter_is_added_to_an_address_with_and_without_others() {
    assert_eq!(with_parameter("https://a.example/x", "w=1"), "https://a.example/x?w=1");
    assert_eq!(with_parameter("https://a.example/x?k=2", "w=1"), "https://a.example/x?k=2&w=1");
}
