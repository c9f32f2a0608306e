use super::*;

/// A record of one change.
fn change(number: u64) -> Vec<u8> {
    let mut record = number.to_le_bytes().to_vec();
    record.extend(1_u32.to_le_bytes());
    record.extend([number as u8; 1_000]);
    record
}

fn log_of(numbers: std::ops::RangeInclusive<u64>) -> Vec<u8> {
    let mut log = Vec::new();
    numbers.for_each(|number| format::append(&mut log, &change(number)));
    log
}

/// The files of a log, checked: the numbers of first missing changes and how many, and the last number.
fn checked(files: &[(&str, Vec<u8>)]) -> (tempfile::TempDir, Checked) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, log) in files {
        fs::write(directory.path().join(name), log).expect("written");
    }
    let found = check(directory.path()).expect("readable");
    (directory, found)
}

fn gaps(found: &Checked) -> Vec<(u64, u64)> {
    found.gaps.iter().map(|gap| (gap.first, gap.changes)).collect()
}

#[test]
fn an_unfinished_write_at_the_end_is_no_damage() {
    let log = log_of(1..=40);
    for end in [0, 1, 500, 32_768, 33_000, log.len() - 1, log.len()] {
        let (_directory, found) = checked(&[("000004.log", log[..end].to_vec())]);
        assert!(!found.is_damaged(), "cut at {end}");
    }
    let zeros = [log_of(1..=3), vec![0; 5_000]].concat();
    let (_directory, found) = checked(&[("000004.log", zeros)]);
    assert!(!found.is_damaged());
    assert_eq!(found.last, Some(3));
}

#[test]
fn damage_before_intact_records_is_named_and_the_rest_is_kept() {
    let mut log = log_of(1..=100);
    log[5 * 1_019 + 300] ^= 1;
    let (directory, found) = checked(&[("000004.log", log.clone())]);
    assert_eq!(gaps(&found), [(6, 1)]);
    assert_eq!(found.gaps[0].cause, "000004.log is damaged at byte 5095");
    found.replace(directory.path()).expect("replaced");
    let again = check(directory.path()).expect("readable");
    assert!(again.replacements.is_empty());
    assert_eq!((gaps(&again), again.last), (vec![(6, 1)], Some(100)));
    let kept = fs::read(directory.path().join("damaged/000004.log")).expect("kept");
    assert_eq!(kept, log);
}

#[test]
fn a_zeroed_page_is_damage() {
    let mut log = log_of(1..=100);
    log[40_960..45_056].fill(0);
    let (_directory, found) = checked(&[("000004.log", log)]);
    let [(first, changes)] = gaps(&found)[..] else { panic!("{found:?}") };
    assert!(first == 41 && changes < 33, "{first} {changes}");
}

#[test]
fn a_file_that_is_missing_between_others_is_named() {
    let files = [("000004.log", log_of(1..=5)), ("000009.log", log_of(11..=12))];
    let (_directory, found) = checked(&files);
    assert_eq!(gaps(&found), [(6, 5)]);
    assert_eq!(found.gaps[0].cause, "a file before 000009.log is missing");
}

#[test]
fn a_write_that_failed_at_the_end_of_a_file_loses_nothing() {
    let unfinished = log_of(1..=6);
    let unfinished = unfinished[..unfinished.len() - 9].to_vec();
    let files = [("000004.log", unfinished), ("000009.log", log_of(6..=9))];
    let (_directory, found) = checked(&files);
    assert_eq!((gaps(&found), found.last), (vec![], Some(9)));
}

/// [`checked`] in a directory whose log was not synced.
fn checked_unsynced(files: &[(&str, Vec<u8>)]) -> (tempfile::TempDir, Checked) {
    let (directory, _) = checked(files);
    mark::MarkFile::open(directory.path(), mark::Mark::default(), false).expect("noted");
    let found = check(directory.path()).expect("readable");
    (directory, found)
}

#[test]
fn a_log_that_was_not_synced_ends_before_the_first_missing_change() {
    let mut log = log_of(1..=40);
    log[5 * 1_019 + 300] ^= 1;
    let files = [("000004.log", log), ("000009.log", log_of(41..=50))];
    let (directory, found) = checked_unsynced(&files);
    assert_eq!((gaps(&found), found.last, found.unused), (vec![], Some(5), Some(50)));
    assert!(found.is_damaged());
    found.replace(directory.path()).expect("replaced");
    let again = check(directory.path()).expect("readable");
    assert!(!again.is_damaged());
    assert_eq!((again.last, again.unused), (Some(5), None));
    assert_eq!(fs::read(directory.path().join("000004.log")).expect("there"), log_of(1..=5));
    assert_eq!(fs::read(directory.path().join("damaged/000009.log")).expect("kept"), files[1].1);
}

#[test]
fn a_file_of_an_unsynced_log_whose_end_is_missing_ends_the_log() {
    for end in [0, 500, 5 * 1_019] {
        let first = [("000003.log", log_of(1..=3)), ("000004.log", log_of(4..=12)[..end].into())];
        let files = [&first[..], &[("000009.log", log_of(13..=14))]].concat();
        let (directory, found) = checked_unsynced(&files);
        assert_eq!((gaps(&found), found.unused), (vec![], Some(14)), "cut at {end}");
        found.replace(directory.path()).expect("replaced");
        let again = check(directory.path()).expect("readable");
        assert_eq!((again.is_damaged(), again.last), (false, found.last), "cut at {end}");
    }
}

#[test]
fn an_unsynced_log_without_missing_changes_is_used_whole() {
    let unfinished = log_of(1..=6);
    let unfinished = unfinished[..unfinished.len() - 9].to_vec();
    let files = [("000004.log", unfinished), ("000009.log", log_of(6..=9))];
    let (_directory, found) = checked_unsynced(&files);
    assert_eq!((gaps(&found), found.last, found.unused), (vec![], Some(9), None));
}

#[test]
fn the_first_change_of_an_unreadable_log_is_known_from_its_first_bytes() {
    let mut log = log_of(7..=7);
    let last = log.len() - 1;
    log[last] ^= 1;
    let (_directory, found) = checked(&[("000004.log", log.clone()), ("000009.log", Vec::new())]);
    assert_eq!((gaps(&found), found.last, found.first_unread), (vec![], None, Some(7)));
    // It was acknowledged, although the manifest says that the database goes to change 9.
    let mark = |sequence, append| Mark { sequence, append, streams: 0 };
    assert_eq!(found.reaches(mark(9, 2), mark(9, 2)), 6);
    // It was not acknowledged, and then nothing is missing but what the database lacks.
    assert_eq!(found.reaches(mark(6, 2), mark(9, 2)), 6);
    assert_eq!(found.reaches(mark(6, 2), mark(9, 1)), 5);
    // A number that cannot be is damaged itself.
    let far = Checked { first_unread: Some(7 | 1 << 47), ..Checked::default() };
    assert_eq!(far.reaches(mark(9, 2), mark(9, 2)), 8);
    let (_directory, found) = checked(&[("000003.log", log_of(1..=6)), ("000004.log", log)]);
    assert_eq!((found.last, found.first_unread), (Some(6), None));
    assert_eq!(found.reaches(mark(9, 2), mark(9, 2)), 6);
}
