//! Following the store: the past and the feed together hold every appended cell once.

use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_storage::{
    Feed, FeedPast, IdempotencyKey, Label, Scan, Slot, SlotValue, Store, StreamKind,
};
use proptest::prelude::*;

use crate::support::{self, Cells};

/// An event: partner number, slot, duration in seconds.
type Event = (usize, u32, f64);

/// A follower of a store, from some point on.
struct Follower {
    seen: Cells,
    feed: Feed,
}

impl Follower {
    fn begin(store: &Store) -> Self {
        let (past, feed) = store.subscribe().expect("the store is open");
        Self { seen: cells_of(store, &past), feed }
    }

    fn read(&mut self, store: &Store) {
        let seen = &mut self.seen;
        let read = self.feed.read(&mut |cell| {
            let partner = store.stream_labels(cell.stream, &[Label::Partner]).remove(0);
            support::merge_into(seen, partner, cell.first, &cell.value);
        });
        read.expect("it is read in time");
    }
}

fn cells_of(store: &Store, past: &FeedPast<'_>) -> Cells {
    let mut found = Cells::new();
    let streams = store.select(StreamKind::Activity, None, &Default::default());
    let scan = Scan::new(&streams, Slot(0)..Slot(u32::MAX));
    let read = past.scan(&scan, &mut |stream, slot, value| {
        let partner = store.stream_labels(stream, &[Label::Partner]).remove(0);
        support::merge_into(&mut found, partner, slot, value);
    });
    read.expect("every block is readable");
    found
}

fn events(slots: std::ops::Range<u32>) -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0..support::PARTNERS.len(), slots, 0.0..20.0_f64), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Followers begin and read during appends and seals. Whenever a follower begins, it sees every cell
    /// once.
    #[test]
    fn a_follower_sees_every_cell_once(batches in prop::collection::vec(events(8_280..9_000), 8..48)) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = support::open(directory.path());
        let done = AtomicBool::new(false);
        let mut followers = vec![Follower::begin(&store)];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                batches.iter().for_each(|batch| support::append(&store, batch));
                done.store(true, Ordering::Release);
            });
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    store.seal().expect("sealed");
                }
            });
            while !done.load(Ordering::Acquire) {
                followers.push(Follower::begin(&store));
                followers.iter_mut().for_each(|follower| follower.read(&store));
            }
        });
        let stored = support::cells(&store);
        let expected: usize = batches.iter().map(Vec::len).sum();
        prop_assert_eq!(total(&stored), expected as u64);
        for (number, follower) in followers.iter_mut().enumerate() {
            follower.read(&store);
            prop_assert_eq!(&follower.seen, &stored, "follower {} of {:?}", number, batches);
        }
    }
}

fn total(cells: &Cells) -> u64 {
    let count = |value: &SlotValue| match value {
        SlotValue::Activity(cell) => cell.outcomes.total(),
        SlotValue::Gauge(_) => 0,
    };
    cells.values().map(count).sum()
}

#[test]
fn the_past_ends_where_the_feed_begins() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = support::open(directory.path());
    support::append(&store, &[(0, 5, 0.1)]);
    store.seal().expect("sealed");
    support::append(&store, &[(0, 5, 0.2), (1, 6, 0.1)]);
    let (past, mut feed) = store.subscribe().expect("open");
    support::append(&store, &[(0, 5, 0.3)]);
    store.seal().expect("sealed, with the past still held");
    assert_eq!(total(&cells_of(&store, &past)), 3, "sealing changes nothing of the past");
    let mut seen = Vec::new();
    feed.read(&mut |cell| seen.push((cell.first, cell.value.clone()))).expect("read");
    let [(Slot(5), SlotValue::Activity(cell))] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(cell.outcomes.total(), 1, "the cell of this append, not of the whole slot");
    assert_eq!(total(&support::cells(&store)), 4, "and readers of the store miss nothing");
}

#[test]
fn a_repeated_batch_is_not_delivered_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = support::open(directory.path());
    let (_, mut feed) = store.subscribe().expect("open");
    for _ in 0..2 {
        let batch = support::batch_of(&store, &[(0, 5, 0.1)]);
        let now = plimsoll_storage::TimestampMs(0);
        store
            .append_blocking(
                batch,
                1,
                Some(IdempotencyKey { key: b"k-1".to_vec(), digest: [1; 16] }),
                now,
            )
            .expect("appended");
    }
    let mut cells = 0;
    feed.read(&mut |_| cells += 1).expect("read");
    assert_eq!(cells, 1);
}
