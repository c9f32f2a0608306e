use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Instant;

use rocksdb::WriteOptions;

use super::*;
use crate::db::WriteBatch;

fn database(directory: &Path, durability: Durability) -> Database {
    Database::open(directory, durability, &Arc::new(AtomicI64::new(0))).unwrap()
}

fn put(db: &Database, key: &str) -> WriteBatch {
    let mut batch = WriteBatch::default();
    batch.put(db, Family::Journal, key, vec![7; 100_000]);
    batch.put(db, Family::Streams, key, "stream");
    batch
}

fn keys(db: &Database, family: Family) -> Vec<String> {
    let keys = db.entries(family).map(|entry| entry.unwrap().0);
    keys.map(|key| String::from_utf8(key.into()).unwrap()).collect()
}

/// A write that reaches the log although it is answered with an error.
fn fail(db: &Database, key: &str) {
    let raw = db.opened().unwrap();
    raw.write_opt(put(db, key).into_inner().unwrap().0, &WriteOptions::default()).unwrap();
    let failure =
        WriteFailure { reason: "injected".into(), since: Instant::now(), recovery: Recovery::Disk };
    *db.failures.current.lock() = Some(failure);
}

#[test]
fn after_a_recovery_there_is_what_succeeded_and_nothing_of_what_failed() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    db.write(put(&db, "before")).unwrap();
    fail(&db, "failed");
    let refused = db.write(put(&db, "refused"));
    assert!(matches!(refused, Err(Error::NotWritable { .. })), "{refused:?}");
    assert!(db.recover().unwrap());
    assert_eq!(db.failure(), None);
    db.write(put(&db, "after")).unwrap();
    for family in [Family::Journal, Family::Streams] {
        assert_eq!(keys(&db, family), ["after", "before"]);
    }
    drop(db);
    let db = database(directory.path(), Durability::Wal);
    assert_eq!(keys(&db, Family::Streams), ["after", "before"]);
    assert!(!db.recover().unwrap(), "there is nothing to recover from");
}

#[test]
fn what_is_flushed_stays_and_a_failed_write_in_a_new_log_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    for round in 0..3 {
        db.write(put(&db, &format!("before-{round}"))).unwrap();
        db.flush().unwrap();
        fail(&db, &format!("failed-{round}"));
        assert!(db.recover().unwrap());
    }
    assert_eq!(keys(&db, Family::Journal), ["before-0", "before-1", "before-2"]);
    assert_eq!(db.recoveries(), 3);
}

#[test]
fn recovery_waits_for_readers_and_they_read_to_their_end() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    db.write(put(&db, "a")).unwrap();
    db.write(put(&db, "b")).unwrap();
    let mut rows = db.snapshot().rows(Family::Streams);
    rows.seek_to_first();
    fail(&db, "failed");
    assert!(matches!(db.recover(), Err(Error::Busy { .. })));
    assert!(db.failure().is_some());
    rows.next();
    assert_eq!(rows.key(), Some("b".as_bytes()));
    assert!(db.get(Family::Streams, b"a").unwrap().is_some());
    drop(rows);
    assert!(db.recover().unwrap());
}

#[test]
fn a_reader_may_begin_to_read_something_else_while_recovery_waits_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    db.write(put(&db, "a")).unwrap();
    let snapshot = db.snapshot();
    fail(&db, "failed");
    let recovered = std::thread::scope(|scope| {
        let recovery = scope.spawn(|| db.recover());
        for _ in 0..20 {
            assert!(db.get(Family::Streams, b"a").unwrap().is_some());
            assert!(matches!(db.write(put(&db, "b")), Err(Error::NotWritable { .. })));
            std::thread::sleep(READERS_LOOK_EVERY);
        }
        drop(snapshot);
        recovery.join().unwrap()
    });
    assert!(recovered.unwrap());
}

#[test]
fn a_disk_that_still_fails_keeps_the_database_open_for_reading() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    db.write(put(&db, "a")).unwrap();
    fail(&db, "failed");
    // The test file cannot be made where a directory has its name.
    std::fs::create_dir(directory.path().join(PROBE_FILE)).unwrap();
    let error = db.recover().unwrap_err().to_string();
    assert!(error.contains("cannot write a test file"), "{error}");
    assert!(db.get(Family::Streams, b"a").unwrap().is_some());
    std::fs::remove_dir(directory.path().join(PROBE_FILE)).unwrap();
    assert!(db.recover().unwrap());
}

#[test]
fn files_that_cannot_be_opened_are_an_error_of_every_read_until_they_can() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    db.write(put(&db, "a")).unwrap();
    db.flush().unwrap();
    fail(&db, "failed");
    let file = db.opened().unwrap().live_files().unwrap().swap_remove(0).name;
    let table = directory.path().join(file.trim_start_matches('/'));
    let aside = directory.path().join("aside");
    std::fs::rename(&table, &aside).unwrap();
    assert!(db.recover().is_err());
    assert!(matches!(db.get(Family::Streams, b"a"), Err(Error::NotWritable { .. })));
    let mut rows = db.snapshot().rows(Family::Streams);
    rows.seek_to_first();
    assert!(rows.status().is_err());
    assert!(db.entries(Family::Streams).next().unwrap().is_err());
    std::fs::rename(&aside, &table).unwrap();
    assert!(db.recover().unwrap());
    assert!(db.get(Family::Streams, b"a").unwrap().is_some());
}

#[test]
fn a_family_with_a_damaged_file_is_no_longer_compacted_and_the_others_are() {
    let directory = tempfile::tempdir().unwrap();
    let db = database(directory.path(), Durability::Wal);
    db.write(put(&db, "a")).unwrap();
    db.flush().unwrap();
    let files = db.opened().unwrap().live_files().unwrap();
    let file = files.iter().find(|file| file.column_family_name == "journal").unwrap();
    let detail = format!("block checksum mismatch in {}{} offset 0", db.path.display(), file.name);
    db.note_damaged_file(&detail);
    db.note_damaged_file(&detail);
    assert_eq!(db.damaged_files().len(), 1);
    assert_eq!(db.damaged_files()[0].family, "journal");
    assert!(db.failures.is_not_compacted(Family::Journal));
    assert!(!db.failures.is_not_compacted(Family::Blocks));
}
