use super::*;

#[test]
fn rows_round_trip_and_damage_is_named() {
    let bytes = encode(&(7_u32, "text".to_owned()));
    assert_eq!(decode::<(u32, String)>("test row", &bytes).unwrap(), (7, "text".to_owned()));
    let mut long = bytes.clone();
    long.push(0);
    let mut newer = bytes.clone();
    newer[0] = 9;
    let cases = [
        (&bytes[..3], "UnexpectedEnd"),
        (&long[..], "1 bytes too many"),
        (&newer[..], "version 9"),
        (&[][..], "empty"),
    ];
    for (damaged, expected) in cases {
        let error = decode::<(u32, String)>("test row", damaged).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
