use super::*;

fn stream<'a>(name: &'a str, partner: &'a str, site: &'a str) -> StreamRef<'a> {
    StreamRef { kind: StreamKind::Activity, name, labels: [partner, "", "production", site, ""] }
}

fn sets(pairs: &[(Label, &[&str])]) -> LabelMatchers {
    let mut matchers = LabelMatchers::new();
    for (label, values) in pairs {
        let values = values.iter().map(ToString::to_string).collect();
        matchers.push(*label, Matcher::In(values));
    }
    matchers
}

#[test]
fn streams_are_found_by_name_labels_and_kind() {
    let mut catalog = Catalog::default();
    let streams = [
        stream("requests", "dhl", "ams1"),
        stream("requests", "ups", "ams1"),
        stream("tracking", "dhl", ""),
    ];
    for (number, stream) in streams.iter().enumerate() {
        assert_eq!(catalog.get(stream), None);
        catalog.insert(StreamId(number as u32), stream);
        assert_eq!(catalog.get(stream), Some(StreamId(number as u32)));
    }
    let select = |name, labels: &LabelMatchers| catalog.select(StreamKind::Activity, name, labels);
    assert_eq!(select(Some("requests"), &LabelMatchers::new()).len(), 2);
    assert_eq!(select(None, &sets(&[(Label::Partner, &["dhl"])])), [StreamId(0), StreamId(2)]);
    assert_eq!(
        select(None, &sets(&[(Label::Partner, &["dhl", "ups"]), (Label::Site, &["ams1"])])).len(),
        2
    );
    assert_eq!(select(None, &sets(&[(Label::Site, &[""])])), [StreamId(2)]);
    assert!(select(Some("nothing"), &LabelMatchers::new()).is_empty());
    assert!(select(None, &sets(&[(Label::Partner, &["nobody"])])).is_empty());
    assert!(catalog.select(StreamKind::Gauge, None, &LabelMatchers::new()).is_empty());
    assert_eq!(catalog.values(Label::Partner), ["dhl", "ups"]);
    assert_eq!(catalog.values(Label::Site), ["ams1"]);
    assert_eq!(catalog.names(), ["requests", "tracking"]);
    assert_eq!(catalog.key(StreamId(2)).map(|key| key.as_ref() == streams[2]), Some(true));
}

#[test]
fn values_are_negated_and_matched_by_pattern() {
    let mut catalog = Catalog::default();
    let streams = [
        stream("requests", "dhl", "ams1"),
        stream("requests", "dhl_express", "ams2"),
        stream("requests", "ups", ""),
    ];
    for (number, stream) in streams.iter().enumerate() {
        catalog.insert(StreamId(number as u32), stream);
    }
    let select = |pairs: Vec<(Label, Matcher)>| -> Vec<u32> {
        let mut matchers = LabelMatchers::new();
        pairs.into_iter().for_each(|(label, matcher)| matchers.push(label, matcher));
        let found = catalog.select(StreamKind::Activity, None, &matchers);
        found.into_iter().map(|id| id.0).collect()
    };
    let not_in = |value: &str| Matcher::NotIn([value.to_owned()].into());
    let regex = |text| Matcher::Regex(Pattern::new(text).expect("a pattern"));
    let not_regex = |text| Matcher::NotRegex(Pattern::new(text).expect("a pattern"));
    assert_eq!(select(vec![(Label::Partner, not_in("dhl"))]), [1, 2]);
    assert_eq!(select(vec![(Label::Partner, not_in("nobody"))]), [0, 1, 2]);
    assert_eq!(select(vec![(Label::Site, not_in(""))]), [0, 1]);
    assert_eq!(select(vec![(Label::Partner, regex("dhl"))]), [0], "anchored");
    assert_eq!(select(vec![(Label::Partner, regex("dhl.*"))]), [0, 1]);
    assert_eq!(select(vec![(Label::Site, regex(""))]), [2], "the absent label");
    assert_eq!(select(vec![(Label::Site, not_regex("ams."))]), [2]);
    let both = vec![(Label::Partner, regex("dhl.*")), (Label::Partner, not_in("dhl"))];
    assert_eq!(select(both), [1], "all must hold");
}

#[test]
fn last_seen_only_moves_forward() {
    let mut catalog = Catalog::default();
    catalog.insert(StreamId(0), &stream("requests", "dhl", ""));
    assert_eq!(catalog.last_seen(StreamId(0)), None);
    catalog.saw(StreamId(0), TimestampMs(20));
    catalog.saw(StreamId(0), TimestampMs(10));
    assert_eq!(catalog.last_seen(StreamId(0)), Some(TimestampMs(20)));
}
