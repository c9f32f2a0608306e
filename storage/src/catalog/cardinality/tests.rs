use super::*;
use crate::catalog::Matcher;
use crate::model::stream::{StreamId, StreamKind, StreamRef};

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let mut add = |name: &str, labels: [&str; Label::COUNT]| {
        let stream = StreamRef { kind: StreamKind::Activity, name, labels };
        catalog.insert(catalog.next_id(), &stream);
    };
    for number in 0..30 {
        add("requests", ["dhl", &format!("order-{number:02}"), "production", "", ""]);
    }
    add("requests", ["ups", "order-07", "production", "ams1", ""]);
    add("tracking", ["ups", "poll", "production", "ams1", ""]);
    catalog
}

#[test]
fn values_are_counted_and_those_with_the_most_streams_named() {
    let catalog = catalog();
    let all = catalog.cardinality(None, &LabelMatchers::new(), 2);
    assert_eq!(all.streams, 32);
    let top = |counts: &ValueCounts| {
        counts.top.iter().map(|(value, count)| format!("{value} {count}")).collect::<Vec<_>>()
    };
    assert_eq!(top(&all.partners), ["dhl 30", "ups 2"]);
    assert_eq!(top(&all.names), ["requests 31", "tracking 1"]);
    let (label, operations) = &all.labels[0];
    assert_eq!((*label, operations.count), (Label::Operation, 31));
    assert_eq!(top(operations), ["order-07 2", "order-00 1"], "of as many in their order");
    let (label, sites) = &all.labels[2];
    assert_eq!((*label, sites.count), (Label::Site, 1), "the absent value does not count");
    assert!(all.catalog_bytes > 1_000);
}

#[test]
fn a_selection_counts_only_its_streams() {
    let catalog = catalog();
    let mut labels = LabelMatchers::new();
    labels.push(Label::Partner, Matcher::In(["ups".to_owned()].into()));
    let ups = catalog.cardinality(Some("requests"), &labels, 10);
    assert_eq!(ups.streams, 1);
    assert_eq!(ups.partners.top, [("ups".to_owned(), 1)]);
    assert_eq!(ups.labels[0].1.top, [("order-07".to_owned(), 1)]);
    let none = catalog.cardinality(Some("nothing"), &labels, 10);
    assert_eq!((none.streams, none.partners.count), (0, 0));
}

#[test]
fn removed_streams_and_their_values_are_gone_and_ids_are_not_given_again() {
    let mut catalog = catalog();
    let bytes = catalog.cardinality(None, &LabelMatchers::new(), 1).catalog_bytes;
    assert_eq!((catalog.len(), catalog.next_id(), catalog.partners()), (32, StreamId(32), 2));
    (0..30).for_each(|id| catalog.remove(StreamId(id)));
    catalog.remove(StreamId(30));
    catalog.remove(StreamId(30));
    assert_eq!((catalog.len(), catalog.next_id(), catalog.partners()), (1, StreamId(32), 1));
    let left = catalog.cardinality(None, &LabelMatchers::new(), 10);
    assert_eq!(left.streams, 1);
    assert_eq!(left.labels[0].1.top, [("poll".to_owned(), 1)]);
    assert!(left.catalog_bytes < bytes);
    let all = LabelMatchers::new();
    assert_eq!(catalog.select(StreamKind::Activity, None, &all), [StreamId(31)]);
    assert_eq!(catalog.values(Label::Partner), ["ups"]);
    let again = ["dhl", "order-00", "production", "", ""];
    let again = StreamRef { kind: StreamKind::Activity, name: "requests", labels: again };
    assert_eq!(catalog.get(&again), None);
    catalog.insert(catalog.next_id(), &again);
    assert_eq!(catalog.get(&again), Some(StreamId(32)));
    assert_eq!(catalog.key(StreamId(32)).map(|key| key.as_ref() == again), Some(true));
    assert_eq!(catalog.label(StreamId(31), Label::Site), "ams1");
}

#[test]
fn streams_beyond_what_is_guaranteed_are_counted() {
    let mut catalog = Catalog::default();
    for number in 0..60_u32 {
        let operation = number.to_string();
        let labels = ["dhl", operation.as_str(), "production", "", ""];
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        catalog.insert(StreamId(number), &stream);
    }
    assert_eq!(catalog.shared(), 10);
    (0..15).for_each(|id| catalog.remove(StreamId(id)));
    assert_eq!(catalog.shared(), 0);
}
