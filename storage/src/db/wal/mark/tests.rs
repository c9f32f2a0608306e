use super::*;

#[test]
fn a_mark_is_read_as_it_was_written_and_a_damaged_one_says_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(Mark::read(directory.path()), Mark::default());
    let mark = Mark { sequence: 1_000, append: 20, streams: 3 };
    let file = MarkFile::open(directory.path(), Mark::default()).expect("opens");
    file.raise(mark);
    file.raise(Mark { append: 7, ..Mark::default() });
    assert_eq!(Mark::read(directory.path()), mark);
    let path = directory.path().join(NAME);
    let bytes = std::fs::read(&path).expect("readable");
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        assert_eq!(Mark::read(directory.path()), Mark::default(), "byte {at}");
    }
}
