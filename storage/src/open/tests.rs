use super::*;
use crate::{
    Durability, LabelMatchers, Outcome, Scan, SlotValue, Store, StreamKind, StreamRef, TimestampMs,
};

#[test]
fn a_database_of_another_format_version_is_not_opened() {
    for version in [FORMAT_VERSION - 1, FORMAT_VERSION + 1] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("data");
        drop(Store::open(&Options::new(&path)).expect("the store opens"));
        let db = Database::open(&path, Durability::Wal, &Default::default()).expect("opens");
        let mut write = WriteBatch::default();
        write.put(&db, Family::Meta, meta::FORMAT, version.to_be_bytes());
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

#[test]
fn a_damaged_journal_record_is_set_aside_and_the_rest_replayed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = Options::new(directory.path());
    let store = Store::open(&options).expect("opens");
    for slot in 1..=3 {
        let mut batch = store.batch();
        let key = StreamRef {
            kind: StreamKind::Activity,
            name: "requests",
            labels: ["dhl", "", "production", "", ""],
        };
        let cell = batch.activity(key, Slot(slot)).expect("room");
        cell.record(Outcome::Status2xx, None, TimestampMs(i64::from(slot) * 10_000));
        let batch = batch.finish();
        store.append_blocking(batch, 1, None, TimestampMs(1)).expect("appended");
    }
    let db = &store.shared().db;
    let mut write = WriteBatch::default();
    write.put(db, Family::Journal, 2_u64.to_be_bytes(), b"\x01broken");
    db.write(write).expect("written");
    drop(store);

    for _ in 0..2 {
        let store = Store::open(&options).expect("opens despite the damage");
        let streams = store.select(StreamKind::Activity, None, &LabelMatchers::new());
        let mut slots = Vec::new();
        let scan = Scan::new(&streams, Slot(0)..Slot(9));
        store.scan(&scan, &mut |_, slot, _: &SlotValue| slots.push(slot.0)).expect("readable");
        slots.sort_unstable();
        assert_eq!(slots, [1, 3]);
        let found = store.inspect().expect("inspected");
        assert_eq!(found.damaged_count, 1);
        assert!(found.damaged[0].contains("journal record 2"), "{:?}", found.damaged);
        store.seal().expect("sealed");
    }
}

const APPENDS: u32 = 40;

fn append(store: &Store, slot: u32) {
    let mut batch = store.batch();
    let partner = format!("partner-{}", slot % 4);
    let labels = [&partner, "", "production", "", ""];
    let key = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
    let cell = batch.activity(key, Slot(slot)).expect("room");
    cell.record(Outcome::Status2xx, None, TimestampMs(i64::from(slot) * 10_000));
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
}

/// Not the default, which a store without its format would have.
const WIDTH: SlotWidth = SlotWidth::from_ms(30_000).expect("whole seconds");

/// The data directory of a process that was killed after 40 appends to four streams.
fn killed() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut options = Options::new(directory.path().join("live"));
    options.slot_width = Some(WIDTH);
    let store = Store::open(&options).expect("opens");
    (1..=APPENDS).for_each(|slot| append(&store, slot));
    copy(&directory.path().join("live"), &directory.path().join("killed"));
    directory
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("created");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// The write-ahead log of a directory: its newest file.
fn log_of(directory: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(directory).expect("listed");
    let is_log = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "log");
    entries.map(|entry| entry.expect("listed").path()).filter(is_log).max().expect("a log")
}

/// How many requests are left, how many appends are lost, and why.
fn left(path: &Path) -> (u64, u64, Vec<String>) {
    let store = Store::open(&Options::new(path)).expect("opens despite the damage");
    assert_eq!(store.slot_width(), WIDTH);
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::new());
    let mut requests = 0;
    let scan = Scan::new(&streams, Slot(0)..Slot(1_000));
    let mut visit = |_, _, value: &SlotValue| {
        if let SlotValue::Activity(cell) = value {
            requests += cell.outcomes.total();
        }
    };
    store.scan(&scan, &mut visit).expect("readable");
    let losses = store.inspect().expect("inspected").losses;
    let causes = losses.iter().map(|loss| loss.cause.clone()).collect();
    (requests, store.stats().lost_appends, causes)
}

#[test]
fn a_process_that_ended_while_it_created_the_database_leaves_a_directory_that_opens() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join("MANIFEST-000001"), "unfinished").expect("written");
    std::fs::write(directory.path().join("LOG"), "a message").expect("written");
    let store = Store::open(&Options::new(directory.path())).expect("opens");
    append(&store, 1);
}

#[test]
fn whatever_is_damaged_in_the_log_each_acknowledged_append_is_left_or_counted_as_lost() {
    let directory = killed();
    let killed = directory.path().join("killed");
    let log = std::fs::read(log_of(&killed)).expect("readable");
    for at in (0..log.len()).step_by(307) {
        let path = directory.path().join(format!("flipped-{at}"));
        copy(&killed, &path);
        let mut flipped = log.clone();
        flipped[at] ^= 1;
        std::fs::write(log_of(&path), flipped).expect("written");
        let (requests, lost, causes) = left(&path);
        assert_eq!(requests + lost, u64::from(APPENDS), "bit at {at}: {causes:?}");
        assert!(!causes.is_empty(), "bit at {at}");
        assert_eq!(left(&path), (requests, lost, causes), "bit at {at}, once more");
    }
}

#[test]
fn a_beginning_of_the_log_that_is_overwritten_is_counted_exactly() {
    let directory = killed();
    let killed = directory.path().join("killed");
    let log = std::fs::read(log_of(&killed)).expect("readable");
    for (number, length) in (1..log.len()).step_by(701).enumerate() {
        let path = directory.path().join(format!("zeros-{number}"));
        copy(&killed, &path);
        let mut zeros = log.clone();
        zeros[..length].fill(0);
        // A later gap is counted as well.
        if number % 3 == 2 {
            zeros[log.len() - 300] ^= 1;
        }
        std::fs::write(log_of(&path), zeros).expect("written");
        let (requests, lost, causes) = left(&path);
        assert_eq!(requests + lost, u64::from(APPENDS), "{length} zeros: {causes:?}");
        assert!(!causes.is_empty(), "{length} zeros");
        assert_eq!(left(&path), (requests, lost, causes), "{length} zeros, once more");
    }
}

#[test]
fn a_log_that_is_cut_short_or_deleted_is_counted_as_lost() {
    let directory = killed();
    let killed = directory.path().join("killed");
    let length = std::fs::metadata(log_of(&killed)).expect("there").len();
    for end in [0, 1, length / 3, length - 1] {
        let path = directory.path().join(format!("cut-{end}"));
        copy(&killed, &path);
        let log = std::fs::File::options().write(true).open(log_of(&path)).expect("opens");
        log.set_len(end).expect("cut");
        let (requests, lost, causes) = left(&path);
        assert_eq!(requests + lost, u64::from(APPENDS), "cut at {end}: {causes:?}");
        assert!(
            causes.iter().any(|it| it.contains("the end of the write-ahead log")),
            "{causes:?}"
        );
    }
    let path = directory.path().join("deleted");
    copy(&killed, &path);
    std::fs::remove_file(log_of(&path)).expect("deleted");
    let store = Store::open(&Options::new(&path)).expect("opens");
    assert_eq!(store.stats().lost_appends, u64::from(APPENDS));
    // The numbers of the lost streams are not given to others.
    append(&store, 1);
    let named = |name| store.select(StreamKind::Activity, Some(name), &LabelMatchers::new());
    assert_eq!(named("lost"), [0, 1, 2, 3].map(StreamId));
    assert_eq!(named("requests"), [StreamId(4)]);
}

#[test]
fn an_unfinished_write_at_the_end_of_the_log_is_no_loss() {
    let directory = killed();
    let killed = directory.path().join("killed");
    let log = std::fs::read(log_of(&killed)).expect("readable");
    for tail in [&log[..15], &[0; 9_000], b"garbage"] {
        let path = directory.path().join(format!("tail-{}", tail.len()));
        copy(&killed, &path);
        std::fs::write(log_of(&path), [&log, tail].concat()).expect("written");
        assert_eq!(left(&path), (u64::from(APPENDS), 0, vec![]));
        assert!(!path.join("damaged").exists());
    }
}

#[test]
fn a_backup_whose_log_is_damaged_or_missing_is_not_restored() {
    let directory = killed();
    let killed = directory.path().join("killed");
    let log = std::fs::read(log_of(&killed)).expect("readable");
    let restore = |path: &Path| {
        crate::restore(path, &directory.path().join("restored"), &mut |_, _| {}).map(drop)
    };
    let mut flipped = log;
    flipped[300] ^= 1;
    std::fs::write(log_of(&killed), flipped).expect("written");
    let error = restore(&killed).expect_err("damaged").to_string();
    assert!(error.contains("is damaged at byte"), "{error}");
    std::fs::remove_file(log_of(&killed)).expect("deleted");
    let error = restore(&killed).expect_err("missing").to_string();
    assert!(error.contains("40 acknowledged pushes are lost"), "{error}");
}
