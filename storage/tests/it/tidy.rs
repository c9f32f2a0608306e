//! Tidying up: a store at rest is folded and has no log to speak of, and says the same as before.

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
fn a_store_at_rest_becomes_small() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    let store = open(path);
    fill(&store);
    let (before, log) = (cells(&store), bytes(path, ".log"));
    let at = |seconds: i64| TimestampMs(i64::from(SLOTS.end) * 10_000 + seconds * 1_000);
    assert!(
        !store.compact_when_idle(at(0), || true).expect("looked"),
        "it is not known yet whether it is quiet"
    );
    assert!(store.compact_when_idle(at(5), || true).expect("tidied"));
    assert!(!store.compact_when_idle(at(10), || true).expect("looked"), "all is tidy");
    assert!(cells(&store) == before, "the store says something else");
    assert!(bytes(path, ".log") * 20 < log, "{} of {log} bytes are left", bytes(path, ".log"));
    let tidied = store.stats().disk_bytes;
    store.compact().expect("compacted");
    let compacted = store.stats().disk_bytes;
    // Small families are left as they are.
    assert!(tidied < compacted + (8 << 10), "{tidied} bytes, compacted {compacted}");
}

#[test]
fn a_store_that_was_settled_has_nothing_to_replay() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    append(&store, &[(0, SLOTS.start, 0.1)]);
    let before = cells(&store);
    store.flush().expect("settled");
    drop(store);
    let store = open(directory.path());
    assert_eq!((cells(&store), store.stats().head_bytes), (before, 0));
}
