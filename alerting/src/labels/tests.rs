use super::*;

#[test]
fn labels_are_kept_in_order_whatever_order_they_came_in() {
    let one = GroupLabels::new([(Label::Site, "ams1".into()), (Label::Partner, "dhl".into())]);
    let two = GroupLabels::new([(Label::Partner, "dhl".into()), (Label::Site, "ams1".into())]);
    assert_eq!(one, two);
    assert_eq!(one.dedup_key("r"), two.dedup_key("r"));
    assert_eq!(one.get(Label::Site), Some("ams1"));
    assert_eq!(one.title(), "dhl / ams1");
    assert_eq!(GroupLabels::default().title(), "all");
}

#[test]
fn another_rule_or_value_has_another_dedup_key() {
    let dhl = GroupLabels::new([(Label::Partner, "dhl".into())]);
    let ups = GroupLabels::new([(Label::Partner, "ups".into())]);
    assert_eq!(dhl.dedup_key("r").len(), 64);
    assert_ne!(dhl.dedup_key("r"), ups.dedup_key("r"));
    assert_ne!(dhl.dedup_key("r"), dhl.dedup_key("s"));
}
