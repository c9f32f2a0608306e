use super::*;

#[test]
fn a_mark_is_read_as_it_was_written_and_a_damaged_one_says_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(Mark::read(directory.path()), Mark::default());
    let mark = Mark { sequence: 1_000, append: 20, streams: 3 };
    let file = MarkFile::open(directory.path(), Mark::default(), true).expect("opens");
    file.raise(mark);
    file.raise(Mark { append: 7, ..Mark::default() });
    assert_eq!(Mark::read(directory.path()), mark);
    let path = directory.path().join(NAME);
    let bytes = std::fs::read(&path).expect("readable");
    for at in MARK_AT as usize..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        assert_eq!(Mark::read(directory.path()), Mark::default(), "byte {at}");
    }
}

#[test]
fn whether_the_log_is_synced_is_noted_at_each_start_and_assumed_when_nothing_says_so() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert!(is_log_synced(directory.path()));
    for is_synced in [false, true, false] {
        let file = MarkFile::open(directory.path(), Mark::default(), is_synced).expect("opens");
        file.raise(Mark { sequence: 1, append: 1, streams: 1 });
        assert_eq!(is_log_synced(directory.path()), is_synced);
    }
    Mark::default().write_to(directory.path()).expect("written");
    assert!(is_log_synced(directory.path()));
}
