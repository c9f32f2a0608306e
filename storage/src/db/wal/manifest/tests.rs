use rocksdb::{DB, Options};

use super::*;

#[test]
fn the_manifest_says_which_files_are_needed_and_which_were_synced() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    assert_eq!(LogFiles::read(path), LogFiles::default());
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
    let found = LogFiles::read(path);
    assert!(found.needed_from <= first, "{found:?}");
    assert_eq!(found.synced_before, second);
    db.flush_cf(db.cf_handle("other").expect("there")).expect("flushed");
    let found = LogFiles::read(path);
    assert!(found.needed_from > first && found.needed_from <= found.synced_before, "{found:?}");
}

#[test]
fn a_manifest_that_is_no_manifest_says_nothing() {
    for bytes in [&b""[..], b"garbage", &[0xff; 40_000]] {
        assert_eq!(LogFiles::decode(bytes), LogFiles::default());
    }
    let mut log = Vec::new();
    // A number without an end, and a text that is longer than the change.
    for change in [&[2, 0xff][..], &[1, 200, 1, 2, 7], &[2; 11]] {
        format::append(&mut log, change);
    }
    LogFiles::decode(&log);
}
