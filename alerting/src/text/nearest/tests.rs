use super::*;

#[test]
fn a_name_is_near_to_one_with_a_slip() {
    let names = ["oncall", "hub", "chat", "Europe/Berlin", "Asia/Tokyo"];
    let table = [
        ("oncal", Some("oncall")),
        ("OnCall", Some("oncall")),
        ("huv", Some("hub")),
        ("Europe/Berlni", Some("Europe/Berlin")),
        ("Mars/Base", None),
        ("pager", None),
        ("", None),
        ("x", None),
    ];
    for (name, expected) in table {
        assert_eq!(nearest(name, names), expected, "{name}");
    }
    assert_eq!(did_you_mean("oncal", names), "; did you mean `oncall`?");
    assert_eq!(did_you_mean("pager", names), "");
}
