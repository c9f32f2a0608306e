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

/// A change that adds a table file: tag 103, level, number, size, two keys of 8 bytes, two sequence numbers,
/// and no more fields.
fn added_table(number: u8) -> Vec<u8> {
    let key = [&[8][..], &[0; 8]].concat();
    [&[103, 0, number, 1][..], &key, &key, &[0, 0, 1]].concat()
}

#[test]
fn a_group_that_was_being_written_when_the_power_was_lost_was_never_used() {
    // A group of three pages and a half behind a change that was synced.
    let padding: Vec<u8> = [&[1, 0xf4, 0x03][..], &[7; 500]].concat();
    let count: u8 = 28;
    let group: Vec<Vec<u8>> =
        (0..count).map(|n| [&in_group(10 + n, count - 1 - n), &padding[..]].concat()).collect();
    let changes: Vec<&[u8]> =
        std::iter::once(&[2, 7][..]).chain(group.iter().map(Vec::as_slice)).collect();
    let whole = log_of(&changes);
    let found = |manifest: &[u8]| LogFiles::read(directory_of(manifest).path());
    assert_eq!(found(&whole).expect("intact").synced_before, u64::from(10 + count - 1));
    let start = HEADER_BYTES + 2;
    for bytes in (1..whole.len() - start).step_by(97) {
        let cut = &whole[..whole.len() - bytes];
        assert_eq!(found(cut).expect("unfinished").synced_before, 7, "without {bytes} bytes");
    }
    // Any pages of the group may not have been written.
    let pages = whole.len().div_ceil(PAGE_BYTES);
    for missing in 1..1_u32 << pages {
        let mut holed = whole.clone();
        for page in (0..pages).filter(|page| missing >> page & 1 == 1) {
            let bytes = (page * PAGE_BYTES).max(start)..((page + 1) * PAGE_BYTES).min(whole.len());
            holed[bytes].fill(0);
        }
        let directory = directory_of(&holed);
        let found = LogFiles::read(directory.path()).expect("unfinished");
        assert_eq!(found.synced_before, 7, "{missing:b}");
        end_before_unwritten(directory.path(), || Ok(())).expect("ended");
        let left = fs::read(directory.path().join("MANIFEST-000001")).expect("readable");
        assert_eq!(left, whole[..start], "{missing:b}");
    }
    // What only the group named is kept, also when the manifest is ended.
    let mut holed = whole.clone();
    holed[PAGE_BYTES..2 * PAGE_BYTES].fill(0);
    let directory = directory_of(&holed);
    fs::write(directory.path().join("000042.sst"), "rows").expect("written");
    end_before_unwritten(directory.path(), || Ok(())).expect("ended");
    fs::remove_file(directory.path().join("000042.sst")).expect("deleted");
    let aside = directory.path().join("damaged");
    assert_eq!(fs::read(aside.join("000042.sst")).expect("kept"), b"rows");
    assert_eq!(fs::read(aside.join("MANIFEST-000001")).expect("kept"), holed);
    // Table files that were deleted show that later changes were synced: then it is damage, and stays.
    let added = added_table(43);
    let mut holed = log_of(&[&[2, 7], &added, &group[0], &group[1]]);
    holed.resize(3 * PAGE_BYTES, 0);
    let directory = directory_of(&holed);
    assert!(end_before_unwritten(directory.path(), || Ok(())).is_err());
    fs::write(directory.path().join("000043.sst"), "rows").expect("written");
    end_before_unwritten(directory.path(), || Ok(())).expect("ended");
    // No page is missing: then it is damage, and stays.
    let mut zeroed = whole.clone();
    zeroed[start..start + HEADER_BYTES].fill(0);
    let mut flipped = whole;
    flipped[start + 5] ^= 1;
    for damaged in [zeroed, flipped] {
        let directory = directory_of(&damaged);
        assert!(LogFiles::read(directory.path()).is_err());
        assert!(end_before_unwritten(directory.path(), || Ok(())).is_err());
        let left = fs::read(directory.path().join("MANIFEST-000001")).expect("readable");
        assert_eq!(left, damaged);
    }
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
