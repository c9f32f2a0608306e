use super::*;
use crate::model::cell::SlotValue;
use crate::model::gauge::GaugeCell;
use crate::model::time::{Slot, TimestampMs};
use crate::write::journal::BatchCell;

const STREAM: StreamId = StreamId(40);

fn cells(slot: u32) -> Vec<u8> {
    let value = SlotValue::Gauge(GaugeCell::new(f64::from(slot), TimestampMs(1)));
    journal::encode_cells(&[BatchCell { stream: 0, slot: Slot(slot), value }], &[])
}

fn slots(feed: &mut Feed) -> Result<Vec<u32>> {
    let mut seen = Vec::new();
    feed.read(&mut |cell| {
        assert_eq!(cell.stream, STREAM);
        seen.push(cell.first.0);
    })?;
    Ok(seen)
}

#[test]
fn appends_come_once_and_in_order_to_each_feed() {
    let (mut taps, mut first, mut second) = (Taps::default(), Feed::default(), Feed::default());
    taps.add(first.tap());
    taps.publish(vec![STREAM], cells(5));
    taps.add(second.tap());
    taps.publish(vec![STREAM], cells(3));
    assert_eq!(slots(&mut first).expect("read"), [5, 3]);
    assert_eq!(slots(&mut second).expect("read"), [3]);
    assert!(slots(&mut first).expect("read").is_empty());
}

#[test]
fn a_feed_that_was_dropped_is_removed() {
    let (mut taps, feed) = (Taps::default(), Feed::default());
    taps.add(feed.tap());
    drop(feed);
    taps.publish(vec![STREAM], cells(1));
    assert!(taps.0.is_empty());
}

#[test]
fn a_reader_that_is_too_slow_gets_an_error_and_delays_nothing() {
    let (mut taps, mut slow, mut fast) = (Taps::default(), Feed::default(), Feed::default());
    taps.add(slow.tap());
    taps.add(fast.tap());
    let large = || {
        let mut large = cells(1);
        large.reserve(FEED_BYTES_MAX / 2);
        large
    };
    for _ in 0..2 {
        taps.publish(vec![STREAM], large());
        assert_eq!(slots(&mut fast).expect("read"), [1]);
    }
    assert_eq!(taps.0.len(), 1, "the slow one is removed");
    assert!(slow.waiting.lock().appends.is_empty(), "and takes no memory");
    for _ in 0..2 {
        assert!(matches!(slots(&mut slow), Err(Error::FeedLost { .. })));
    }
    taps.publish(vec![STREAM], cells(2));
    assert_eq!(slots(&mut fast).expect("read"), [2]);
}
