use plimsoll_storage::Label;

use super::*;

#[test]
fn maintenance_covers_its_labels_from_start_to_end() {
    let window = Maintenance {
        matches: LabelMatchers::any_of(Label::Partner, ["dhl"]),
        period: Period { start: TimestampMs(100), end: TimestampMs(200), weekly: None },
        author: "ann".into(),
        reason: "upgrade".into(),
    };
    let dhl = GroupLabels::new([(Label::Partner, "dhl".to_owned())]);
    let ups = GroupLabels::new([(Label::Partner, "ups".to_owned())]);
    assert!(window.covers(&dhl, TimestampMs(100)));
    assert!(!window.covers(&dhl, TimestampMs(200)));
    assert!(!window.covers(&ups, TimestampMs(150)));
    assert!(!window.covers(&GroupLabels::default(), TimestampMs(150)));
}
