use plimsoll_storage::{LabelMatchers, Options};

use super::*;

#[test]
fn it_is_written_while_a_delivery_waits_and_once_more() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(Store::open(&Options::new(dir.path())).expect("the store opens"));
    let streams =
        || store.select(StreamKind::Gauge, Some(OUTBOX_AGE), &LabelMatchers::default()).len();
    let mut gauge = OutboxGauge::default();
    let mut receivers = BTreeMap::from([("oncall".to_owned(), ReceiverStatus::default())]);
    let now = TimestampMs(1_795_204_800_000);
    gauge.write(&store, &receivers, now).expect("written");
    assert_eq!((streams(), store.stats().appends), (0, 0), "nothing waits");
    let waiting =
        ReceiverStatus { waiting: 3, oldest_at: Some(now.plus_ms(-90_000)), ..Default::default() };
    receivers.insert("oncall".into(), waiting);
    gauge.write(&store, &receivers, now).expect("written");
    assert_eq!((streams(), store.stats().appends), (1, 1));
    receivers.insert("oncall".into(), ReceiverStatus::default());
    for _ in 0..3 {
        gauge.write(&store, &receivers, now).expect("written");
    }
    assert_eq!(store.stats().appends, 2, "once more, then no more");
}
