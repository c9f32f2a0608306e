use proptest::prelude::*;
use rocksdb::{DB, Options, WriteBatch};

use super::*;

/// A database whose last writes are only in its log, as a kill leaves it.
fn log_of(sizes: &[usize], directory: &Path) -> Vec<u64> {
    let live = directory.join("live");
    let mut options = Options::default();
    options.create_if_missing(true);
    let db = DB::open(&options, &live).unwrap();
    let mut sequences = Vec::new();
    for (number, size) in sizes.iter().enumerate() {
        let mut batch = WriteBatch::default();
        batch.put((number as u32).to_be_bytes(), vec![b'v'; *size]);
        batch.put("newest", (number as u32).to_be_bytes());
        db.write(batch).unwrap();
        sequences.push(db.latest_sequence_number());
    }
    let copy = directory.join("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&live).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    sequences
}

fn written(directory: &Path) -> usize {
    let db = DB::open(&Options::default(), directory.join("copy")).unwrap();
    (0_u32..).take_while(|number| db.get(number.to_be_bytes()).unwrap().is_some()).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn writes_behind_a_sequence_number_are_removed_and_no_others(
        sizes in prop::collection::vec(
            prop_oneof![0_usize..200, 32_000_usize..33_000, 0_usize..200_000],
            1..12,
        ),
        kept in any::<prop::sample::Index>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let sequences = log_of(&sizes, directory.path());
        let kept = kept.index(sizes.len());
        let cut = cut_after(&directory.path().join("copy"), sequences[kept]).unwrap();
        prop_assert_eq!(cut, usize::from(kept + 1 < sizes.len()));
        prop_assert_eq!(written(directory.path()), kept + 1);
    }
}
