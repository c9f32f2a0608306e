use super::*;
use crate::{Durability, Error, Options, Store};

#[test]
fn a_database_of_another_format_version_is_not_opened() {
    for version in [FORMAT_VERSION - 1, FORMAT_VERSION + 1] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("data");
        drop(Store::open(&Options::new(&path)).expect("the store opens"));
        let db = Database::open(&path, Durability::Wal, &Default::default()).expect("opens");
        let mut write = WriteBatch::default();
        write.put_cf(db.family(Family::Meta), meta::FORMAT, version.to_be_bytes());
        db.write(write).expect("written");
        drop(db);
        let copy = directory.path().join("copy");
        let errors = [
            Store::open(&Options::new(&path)).map(drop),
            crate::restore(&path, &copy, &mut |_, _| {}).map(drop),
        ];
        for error in errors.map(|result| result.expect_err("another version")) {
            let Error::FormatVersion { found, expected, .. } = error else { panic!("{error}") };
            assert_eq!((found, expected), (version, FORMAT_VERSION));
        }
    }
}
