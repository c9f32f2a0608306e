//! Damaged and missing files: errors and answers name what is affected, the rest stays readable, nothing
//! panics.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_storage::{Error, LabelMatchers, Options, Scan, Slot, Store, StreamKind};

use crate::support::{PARTNERS, append, cells, crash_copy, open};

/// A closed store with sealed cells of every partner on several days, all in files.
fn filled(path: &Path) -> usize {
    let store = open(path);
    for day in 0..4_u32 {
        let events: Vec<_> =
            (0..400).map(|n| (n % PARTNERS.len(), day * 8_640 + n as u32 * 5, 0.1)).collect();
        append(&store, &events);
    }
    store.seal().expect("sealed");
    store.compact().expect("compacted");
    cells(&store).len()
}

fn files(path: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).expect("the data directory");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let has_end = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().contains(end);
    entries.filter(has_end).map(|entry| entry.path()).collect()
}

/// Opening must fail with an error that names the file.
fn assert_names(path: &Path, name: &str) {
    let error = Store::open(&Options::new(path)).expect_err("a file is missing");
    assert!(matches!(error, Error::Files { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(name) && text.contains("plimsoll restore"), "{text}");
}

/// How many cells can be read, and the damaged blocks that are named.
fn readable(store: &Store) -> (usize, Vec<String>) {
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::new());
    let slots = Slot(0)..Slot(100_000);
    let mut count = 0;
    let scan = Scan::new(&streams, slots.clone());
    store.scan(&scan, &mut |_, _, _| count += 1).expect("damage is no error");
    (count, store.damaged(&streams, &slots))
}

#[test]
fn a_flipped_bit_loses_only_the_block_it_is_in_and_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = directory.path().join("whole");
    let all = filled(&whole);
    let mut named = 0;
    for (number, file) in files(&whole, ".sst").into_iter().enumerate() {
        let length = fs::metadata(&file).expect("a file").len() as usize;
        for position in [20, length / 4, length / 2] {
            let copy = directory.path().join(format!("{number}-{position}"));
            crash_copy(&whole, &copy);
            let damaged = copy.join(file.file_name().expect("a name"));
            let mut bytes = fs::read(&damaged).expect("read");
            bytes[position] ^= 0x10;
            fs::write(&damaged, bytes).expect("written");
            match Store::open(&Options::new(&copy)) {
                Ok(store) => {
                    let (found, names) = readable(&store);
                    assert!(found == all || !names.is_empty(), "{found} of {all}, none named");
                    assert!(names.iter().all(|name| name.contains("of stream")), "{names:?}");
                    named += names.len();
                    let inspected = store.inspect().expect("damage is reported");
                    assert!(names.is_empty() || inspected.damaged_count > 0);
                }
                Err(error) => assert!(matches!(error, Error::Files { .. } | Error::Database(_))),
            }
        }
    }
    assert!(named > 0, "some flips hit blocks of cells");
}

#[test]
fn missing_and_truncated_files_are_named_at_open() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = directory.path().join("whole");
    filled(&whole);
    for end in [".sst", "MANIFEST-"] {
        let copy = directory.path().join(format!("without{end}"));
        crash_copy(&whole, &copy);
        let file = files(&copy, end).remove(0);
        fs::remove_file(&file).expect("removed");
        assert_names(&copy, &file.file_name().expect("a name").to_string_lossy());
    }
    let copy = directory.path().join("without-current");
    crash_copy(&whole, &copy);
    fs::remove_file(copy.join("CURRENT")).expect("removed");
    assert_names(&copy, "CURRENT");

    let copy = directory.path().join("short");
    crash_copy(&whole, &copy);
    let file = files(&copy, ".sst").remove(0);
    let length = fs::metadata(&file).expect("a file").len();
    let cut = fs::OpenOptions::new().write(true).open(&file).expect("opened");
    cut.set_len(length / 2).expect("cut");
    assert_names(&copy, &file.file_name().expect("a name").to_string_lossy());
}

#[test]
fn a_truncated_log_loses_only_its_last_record() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (live, copy) = (directory.path().join("live"), directory.path().join("copy"));
    let store = open(&live);
    for slot in 0..50 {
        append(&store, &[(0, slot, 0.1)]);
    }
    crash_copy(&live, &copy);
    let logs = files(&copy, ".log");
    let log = logs.iter().max_by_key(|log| fs::metadata(log).map_or(0, |log| log.len()));
    let log = log.expect("there is a log");
    let length = fs::metadata(log).expect("a file").len();
    let cut = fs::OpenOptions::new().write(true).open(log).expect("opened");
    cut.set_len(length - 7).expect("cut");
    assert_eq!(cells(&open(&copy)).len(), 49, "only the truncated record is missing");
}
