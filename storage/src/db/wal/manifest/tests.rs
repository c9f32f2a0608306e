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

/// A change of a group of which so many follow. Tag 300 as a number of variable length.
fn in_group(log_number: u8, rest: u8) -> Vec<u8> {
    vec![2, log_number, 0xac, 2, rest]
}

#[test]
fn a_group_that_was_being_written_when_the_power_was_lost_was_never_used() {
    let found = |manifest: &[u8]| LogFiles::read(directory_of(manifest).path());
    let group: Vec<Vec<u8>> = (0..3).map(|n| in_group(10 + n, 2 - n)).collect();
    let [first, second, third] = [&group[0][..], &group[1][..], &group[2][..]];
    let before: &[u8] = &[2, 7];
    let whole = log_of(&[before, first, second, third]);
    assert_eq!(found(&whole).expect("intact").synced_before, 12);
    let record_bytes = HEADER_BYTES + first.len();
    let start = HEADER_BYTES + before.len();
    // The file ends within the group, or between two of its changes.
    for bytes in 1..3 * record_bytes {
        let cut = &whole[..whole.len() - bytes];
        assert_eq!(found(cut).expect("unfinished").synced_before, 7, "without {bytes} bytes");
    }
    // A page with its first changes was not written, one with the last of them was.
    for missing in [1, 2] {
        let mut holed = whole.clone();
        holed[start..start + missing * record_bytes].fill(0);
        assert_eq!(found(&holed).expect("unfinished").synced_before, 7, "{missing} missing");
    }
    // What follows is no rest of the group, or the damage is no missing page: then it is damage.
    let mut later = log_of(&[before, first, second, third, &[2, 20]]);
    later[start..start + record_bytes].fill(0);
    assert!(found(&later).is_err());
    let mut flipped = whole;
    flipped[start + 5] ^= 1;
    assert!(found(&flipped).is_err());
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
