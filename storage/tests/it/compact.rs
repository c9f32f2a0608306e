//! Compaction of an idle store: its parts are merged, its write-ahead log is nearly empty, and its answers
//! stay the same.

use std::path::Path;

use plimsoll_storage::{Store, TimestampMs};

use crate::support::{PARTNERS, append, cells, open};

const SLOTS: std::ops::Range<u32> = 179_516_160..179_520_480;

/// Durations of every partner in every slot of twelve hours, sealed every five minutes.
fn fill(store: &Store) {
    for first in SLOTS.step_by(30) {
        let partners = (0..PARTNERS.len()).flat_map(|partner| (1..9).map(move |n| (partner, n)));
        let events = partners.flat_map(|(partner, n)| {
            (first..first + 30).map(move |slot| (partner, slot, f64::from(n * (slot % 7)) / 50.0))
        });
        append(store, &events.collect::<Vec<_>>());
        store.seal().expect("sealed");
    }
}

/// Bytes of the files with an ending.
fn bytes(path: &Path, ending: &str) -> u64 {
    let files = std::fs::read_dir(path).expect("the data directory").filter_map(Result::ok);
    let files = files.filter(|file| file.file_name().to_string_lossy().ends_with(ending));
    files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}

#[test]
fn an_idle_store_becomes_small() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    let store = open(path);
    fill(&store);
    let (before, log) = (cells(&store), bytes(path, ".log"));
    let at = |seconds: i64| TimestampMs(i64::from(SLOTS.end) * 10_000 + seconds * 1_000);
    let is_compacted = |now| store.compact_when_idle(now, || true).expect("compacted");
    assert!(!is_compacted(at(0)), "the first check cannot know whether it is idle");
    assert!(is_compacted(at(5)));
    assert!(!is_compacted(at(10)), "everything is compacted");
    assert!(cells(&store) == before, "the cells have changed");
    assert!(bytes(path, ".log") * 20 < log, "{} of {log} bytes are left", bytes(path, ".log"));
    let idle = store.stats().disk_bytes;
    store.compact().expect("compacted");
    let all = store.stats().disk_bytes;
    // Small families are not compacted.
    assert!(idle < all + (8 << 10), "{idle} bytes, with every family compacted {all}");
}

#[test]
fn a_store_that_was_flushed_has_nothing_to_replay() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    append(&store, &[(0, SLOTS.start, 0.1)]);
    let before = cells(&store);
    store.flush().expect("flushed");
    drop(store);
    let store = open(directory.path());
    assert_eq!((cells(&store), store.stats().head_bytes), (before, 0));
}
