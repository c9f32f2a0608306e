use super::*;

fn period(labels: &[(Label, &str)], start: i64, end: i64) -> ExcludedPeriod {
    let labels = labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect();
    ExcludedPeriod { labels, during: TimestampMs(start)..TimestampMs(end) }
}

#[test]
fn a_period_applies_to_groups_whose_labels_agree() {
    let dhl = [(Label::Partner, "dhl".to_owned())];
    let selector = Selector::activity("requests");
    let applies = |labels: &[(Label, &str)], group: &[(Label, String)]| {
        period(labels, 0, 10).applies_to(&selector, group)
    };
    assert!(applies(&[(Label::Partner, "dhl")], &dhl));
    assert!(applies(&[(Label::Partner, "dhl"), (Label::Operation, "rates")], &dhl));
    assert!(!applies(&[(Label::Partner, "ups"), (Label::Operation, "rates")], &dhl));
    assert!(!applies(&[(Label::Site, "ams1")], &dhl), "nothing in common");
    assert!(!applies(&[(Label::Partner, "dhl")], &[]), "all partners are not dhl");
}

#[test]
fn periods_are_merged_and_windows_overlap_them() {
    let all = [(Label::Partner, "dhl")];
    let periods = vec![period(&all, 50, 60), period(&all, 10, 20), period(&all, 15, 30)];
    let past = PastWeeks { measure: Measure::Count, weeks_ms: utc_weeks(4), excluded: periods };
    let group = [(Label::Partner, "dhl".to_owned())];
    let merged = excluded(&past, &Selector::activity("requests"), &group);
    assert_eq!(merged, [TimestampMs(10)..TimestampMs(30), TimestampMs(50)..TimestampMs(60)]);
    for (start, end, expected) in [
        (0, 10, false),
        (0, 11, true),
        (29, 31, true),
        (30, 50, false),
        (55, 56, true),
        (60, 70, false),
    ] {
        assert_eq!(overlaps(&merged, &(TimestampMs(start)..TimestampMs(end))), expected, "{start}");
    }
}
