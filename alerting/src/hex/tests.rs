#[test]
fn every_byte_has_two_digits() {
    assert_eq!(super::hex(&[0, 9, 0xaf, 0xff]), "0009afff");
    assert_eq!(super::unhex("0009AFff"), Some(vec![0, 9, 0xaf, 0xff]));
    assert_eq!((super::unhex("0"), super::unhex("0g")), (None, None));
}
