use super::*;

#[test]
fn one_odd_week_of_four_moves_neither_the_middle_nor_the_spread_much() {
    let calm = ExpectedValue::of(&[100.0, 104.0, 96.0, 102.0]).expect("some");
    assert_eq!((calm.weeks, calm.median, calm.lower, calm.upper), (4, 101.0, 99.0, 102.5));
    assert_eq!(calm.mad, 2.0);
    let odd = ExpectedValue::of(&[100.0, 104.0, 0.0, 102.0]).expect("some");
    assert_eq!((odd.median, odd.lower, odd.mad), (101.0, 75.0, 2.0));
    assert_eq!(ExpectedValue::of(&[]), None);
    assert_eq!(
        ExpectedValue::of(&[7.0]).map(|one| (one.lower, one.upper, one.mad)),
        Some((7.0, 7.0, 0.0))
    );
}

fn incident(labels: &[(Label, &str)], start: i64, end: i64) -> ExcludedPeriod {
    let labels = labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect();
    ExcludedPeriod { labels, during: TimestampMs(start)..TimestampMs(end) }
}

#[test]
fn an_incident_counts_where_its_labels_agree() {
    let dhl = [(Label::Partner, "dhl".to_owned())];
    let selector = Selector::activity("requests");
    let counts = |labels: &[(Label, &str)], group: &[(Label, String)]| {
        let incidents = vec![incident(labels, 0, 10)];
        let past = PastWeeks { measure: Measure::Count, weeks_ms: utc_weeks(4), incidents };
        !troubles(&past, &selector, group).is_empty()
    };
    assert!(counts(&[(Label::Partner, "dhl")], &dhl));
    assert!(counts(&[(Label::Partner, "dhl"), (Label::Operation, "rates")], &dhl));
    assert!(!counts(&[(Label::Partner, "ups"), (Label::Operation, "rates")], &dhl));
    assert!(!counts(&[(Label::Site, "ams1")], &dhl), "nothing in common");
    assert!(!counts(&[(Label::Partner, "dhl")], &[]), "all partners are not dhl");
}

#[test]
fn windows_touch_the_times_they_overlap() {
    let all = [(Label::Partner, "dhl")];
    let incidents = vec![incident(&all, 50, 60), incident(&all, 10, 20), incident(&all, 15, 30)];
    let past = PastWeeks { measure: Measure::Count, weeks_ms: utc_weeks(4), incidents };
    let group = [(Label::Partner, "dhl".to_owned())];
    let times = troubles(&past, &Selector::activity("requests"), &group);
    assert_eq!(times, [TimestampMs(10)..TimestampMs(30), TimestampMs(50)..TimestampMs(60)]);
    for (start, end, touched) in [
        (0, 10, false),
        (0, 11, true),
        (29, 31, true),
        (30, 50, false),
        (55, 56, true),
        (60, 70, false),
    ] {
        assert_eq!(touches(&times, &(TimestampMs(start)..TimestampMs(end))), touched, "{start}");
    }
}
