use rocksdb::{DB, Options};

use super::super::format;
use super::*;

#[test]
fn the_manifest_says_which_files_are_needed_and_which_were_synced() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    assert_eq!(LogFiles::read(path).expect("none"), LogFiles::default());
    let mut options = Options::default();
    options.create_if_missing(true);
    let mut db = DB::open(&options, path).expect("opens");
    db.create_cf("other", &options).expect("created");
    let newest = || super::super::check::log_files(path).expect("listed").pop().expect("a file");
    let number = || newest().file_stem().and_then(|it| it.to_str()?.parse::<u64>().ok());
    let first = number().expect("a number");
    db.put("key", "value").expect("written");
    db.put_cf(db.cf_handle("other").expect("there"), "key", "value").expect("written");
    db.flush().expect("flushed");
    let second = number().expect("a number");
    assert!(second > first);
    // The other family still needs the first file.
    let found = LogFiles::read(path).expect("readable");
    assert!(found.needed_from <= first, "{found:?}");
    assert_eq!(found.synced_before, second);
    db.flush_cf(db.cf_handle("other").expect("there")).expect("flushed");
    let found = LogFiles::read(path).expect("readable");
    assert!(found.needed_from > first && found.needed_from <= found.synced_before, "{found:?}");
}

/// A directory with a manifest.
fn directory_of(manifest: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join(CURRENT), "MANIFEST-000001\n").expect("written");
    fs::write(directory.path().join("MANIFEST-000001"), manifest).expect("written");
    directory
}

fn log_of(changes: &[&[u8]]) -> Vec<u8> {
    let mut log = Vec::new();
    changes.iter().for_each(|change| format::append(&mut log, change));
    log
}

#[test]
fn a_damaged_manifest_is_an_error_that_names_the_place_and_the_remedy() {
    let log = log_of(&[&[2, 7], &[10, 5], &[2, 9]]);
    let found = |manifest: &[u8]| LogFiles::read(directory_of(manifest).path());
    let intact = LogFiles { needed_from: 5, synced_before: 9 };
    assert_eq!(found(&log).expect("intact"), intact);
    for at in 0..18 {
        let mut damaged = log.clone();
        damaged[at] ^= 4;
        let error = found(&damaged).expect_err("damaged").to_string();
        assert!(error.contains("MANIFEST-000001") && error.contains("restore"), "{at}: {error}");
    }
    // A crash leaves an unfinished change at the end.
    let unfinished = LogFiles { needed_from: 5, synced_before: 7 };
    assert_eq!(found(&log[..log.len() - 1]).expect("unfinished"), unfinished);
}

#[test]
fn a_change_counts_up_to_what_is_not_understood() {
    // A number without an end, a text that is longer than the change, and a tag that does not exist.
    for change in [&[2, 0xff][..], &[1, 200, 1, 2, 7], &[2; 11], &[99]] {
        let edits = [[&[2, 3], change].concat()];
        assert!(LogFiles::of(&edits).synced_before >= 2, "{change:?}");
        assert_eq!(table_files(&edits), None, "{change:?}");
    }
}
