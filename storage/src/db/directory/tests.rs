use std::sync::atomic::AtomicI64;

use super::*;
use crate::db::recovery::Recovery;
use crate::db::{Family, WriteBatch, WriteFailure};
use crate::options::Durability;

const NOW: Identity = Identity {
    directory: Some(FileId(1, 10)),
    lock: Some(FileId(1, 11)),
    has_manifest: true,
    log: Some((8, FileId(1, 12))),
};

#[test]
fn what_must_stay_is_compared() {
    let found = |now: Identity| change(&NOW, &now);
    assert_eq!(found(NOW), None);
    assert_eq!(found(Identity::default()), Some(Change::Missing));
    let other = Some(FileId(2, 10));
    assert_eq!(found(Identity { directory: other, ..NOW }), Some(Change::Replaced));
    assert_eq!(found(Identity { lock: None, ..NOW }), Some(Change::Lock));
    assert_eq!(found(Identity { lock: other, ..NOW }), Some(Change::Lock));
    assert_eq!(found(Identity { has_manifest: false, ..NOW }), Some(Change::Manifest));
    for log in [None, Some((8, FileId(1, 13))), Some((7, FileId(1, 12)))] {
        assert_eq!(found(Identity { log, ..NOW }), Some(Change::Log(8)));
    }
    assert_eq!(found(Identity { log: Some((9, FileId(1, 13))), ..NOW }), None);
    assert_eq!(change(&Identity { log: None, ..NOW }, &Identity { log: None, ..NOW }), None);
}

fn database(path: &Path) -> Database {
    Database::open(path, Durability::Wal, &Arc::new(AtomicI64::new(0))).unwrap()
}

fn put(db: &Database, key: &str) -> Result<()> {
    let mut batch = WriteBatch::default();
    batch.put(db, Family::Streams, key, "stream");
    db.write(batch)
}

fn keys(db: &Database) -> usize {
    db.entries(Family::Streams).count()
}

/// The names below a directory.
fn names(path: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn a_directory_that_is_moved_or_replaced_is_not_written_and_works_again_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let [path, aside] = ["data", "aside"].map(|name| folder.path().join(name));
    let db = database(&path);
    put(&db, "before").unwrap();
    assert!(!db.recover().unwrap(), "nothing has changed");
    fs::rename(&path, &aside).unwrap();
    let before = names(&aside);
    for is_replaced in [false, true] {
        if is_replaced {
            fs::create_dir(&path).unwrap();
        }
        let error = db.recover().unwrap_err().to_string();
        let reason = if is_replaced { "not the one that was opened" } else { "is missing" };
        assert!(error.contains(reason) && error.contains("move"), "{error}");
        let failure = db.failure().expect("noted");
        assert_eq!(failure.recovery, Recovery::Directory, "{failure:?}");
        put(&db, "refused").unwrap_err();
        db.flush().unwrap_err();
        db.compact_family(Family::Streams);
        db.checkpoint(&folder.path().join("backup")).unwrap_err();
        assert_eq!(keys(&db), 1, "it can be read");
        assert!(!is_replaced || names(&path).is_empty(), "{:?}", names(&path));
        assert_eq!(names(&aside), before);
    }
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    assert!(db.recover().unwrap());
    assert_eq!(db.failure(), None::<WriteFailure>);
    put(&db, "after").unwrap();
    drop(db);
    assert_eq!(keys(&database(&path)), 2);
}

#[test]
fn a_directory_without_its_lock_or_manifest_is_not_written() {
    for name in ["LOCK", "CURRENT", "MANIFEST", ""] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let db = database(&path);
        put(&db, "before").unwrap();
        for file in names(&path) {
            if file.to_string_lossy().starts_with(name) {
                fs::remove_file(path.join(file)).unwrap();
            }
        }
        let error = db.recover().unwrap_err().to_string();
        assert!(error.contains(if name == "MANIFEST" { "CURRENT" } else { name }), "{error}");
        let left = names(&path);
        put(&db, "refused").unwrap_err();
        db.recover().unwrap_err();
        drop(db);
        // A manifest that is missing is written again when the database is closed.
        assert!(names(&path) == left || name == "MANIFEST", "{left:?} {:?}", names(&path));
    }
}

#[test]
fn what_a_missing_file_of_the_log_held_is_written_to_table_files() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path());
    for round in 0..3 {
        put(&db, &format!("{round}")).unwrap();
        let (_, log) = wal::newest_log(folder.path()).unwrap().expect("a log");
        fs::remove_file(log).unwrap();
        assert!(!db.recover().unwrap());
        assert_eq!(db.failure(), None);
        assert!(wal::newest_log(folder.path()).unwrap().is_some(), "a new one is begun");
    }
    put(&db, "last").unwrap();
    drop(db);
    assert_eq!(keys(&database(folder.path())), 4);
}
