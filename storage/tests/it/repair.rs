//! Repair: every file that is damaged is set aside, everything else is kept, and what is lost is named.

use std::path::Path;

use plimsoll_storage::{
    Durability, Error, LabelMatchers, Options, Outcome, Scan, Slot, SlotValue, Store, StreamKind,
    StreamRef, Table, TableBatch, TimestampMs, repair,
};

const PARTNERS: u32 = 200;
const SLOTS: u32 = 20;
/// Flips in each file: in data, index, properties and footer.
const FLIPS: usize = 5;

/// A store with 4,000 requests of 200 partners, all in files.
fn filled(path: &Path) {
    let store = Store::open(&Options::new(path)).expect("opens");
    let mut batch = store.batch();
    for partner in 0..PARTNERS {
        let name = format!("partner-{partner}");
        let labels = [&name, "", "production", "", ""];
        let key = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        for slot in 0..SLOTS {
            let at = TimestampMs(i64::from(slot) * 10_000 + i64::from(partner * 37 % 10_000));
            let seconds = f64::from(partner * slot % 997) / 100.0;
            let cell = batch.activity(key, Slot(slot)).expect("room");
            cell.record(Outcome::Status2xx, Some(seconds), at);
        }
    }
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
    store.flush().expect("flushed");
}

/// How many requests are left at each resolution, and whether damage is named.
fn requests(path: &Path) -> Vec<(u64, bool)> {
    let store = Store::open(&Options::new(path)).expect("opens");
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::new());
    assert!(store.inspect().expect("inspected").damaged.is_empty());
    let of_grain = |grain| {
        let mut requests = 0;
        let mut visit = |_, _, value: &SlotValue| {
            if let SlotValue::Activity(cell) = value {
                requests += cell.outcomes.total();
            }
        };
        let slots = Slot(0)..Slot(90);
        let scan = Scan { grain, ..Scan::new(&streams, slots.clone()) };
        store.scan(&scan, &mut visit).expect("readable");
        (requests, !store.damaged(&streams, &slots).is_empty())
    };
    [1, 90].into_iter().map(of_grain).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("created");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// The table files of a directory, oldest first.
fn tables(path: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(path).expect("listed");
    let paths = entries.map(|entry| entry.expect("listed").path());
    let mut tables: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "sst")).collect();
    tables.sort();
    tables
}

#[test]
fn a_flipped_bit_in_a_table_file_of_any_family_is_repaired_and_what_is_lost_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = directory.path().join("whole");
    filled(&whole);
    let (mut repairs, mut refused) = (0, 0);
    for table in tables(&whole) {
        let bytes = std::fs::read(&table).expect("readable");
        let name = table.file_stem().expect("a name").display();
        for part in 0..FLIPS {
            let at = (bytes.len() - 1) * part / (FLIPS - 1);
            let path = directory.path().join(format!("{name}-{part}"));
            copy(&whole, &path);
            let mut flipped = bytes.clone();
            flipped[at] ^= 8;
            std::fs::write(path.join(table.file_name().expect("a name")), flipped)
                .expect("written");
            let found = match repair(&path) {
                Ok(found) => found,
                // Without the slot width, numbers would be wrong.
                Err(Error::Corrupt { what, detail })
                    if what.contains("facts about the database") =>
                {
                    assert!(detail.contains("restore"), "{detail}");
                    refused += 1;
                    continue;
                }
                Err(error) => panic!("{} at {at}: {error}", table.display()),
            };
            for (left, is_named) in requests(&path) {
                let is_right = left == u64::from(PARTNERS * SLOTS);
                assert!(is_right || is_named, "{name} at {at}: {left} left: {found:?}");
            }
            repairs += found.len();
            assert_eq!(repair(&path).expect("nothing is damaged any more"), []);
            std::fs::remove_dir_all(&path).expect("removed");
        }
    }
    assert!(repairs > 10 && refused > 0, "{repairs} files were set aside, {refused} refused");
}

#[test]
fn what_a_damaged_file_deleted_stays_deleted_outside_of_the_damage() {
    const RECORDS: u32 = 400;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("store");
    let options = Options { durability: Durability::Wal, ..Options::new(&path) };
    let value = |number: u32, round: u32| -> Vec<u8> {
        (0..1_000_u32).map(|at| (at.wrapping_mul(number * 7 + round) % 251) as u8).collect()
    };
    let store = Store::open(&options).expect("opens");
    let mut first = TableBatch::default();
    let mut second = TableBatch::default();
    for number in 0..RECORDS {
        let key = number.to_be_bytes();
        first.put(Table::Alert, &key, value(number, 1));
        if number % 2 == 0 {
            second.delete(Table::Alert, &key);
        } else {
            second.put(Table::Alert, &key, value(number, 2));
        }
    }
    for batch in [first, second] {
        store.commit(batch).expect("written");
        store.flush().expect("flushed");
    }
    drop(store);
    let table = tables(&path).pop().expect("a table");
    let mut bytes = std::fs::read(&table).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&table, bytes).expect("written");

    let found = repair(&path).expect("repaired");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].lost.is_some_and(|lost| lost.contains("alerts")), "{found:?}");
    let store = Store::open(&options).expect("opens");
    let is_wrong = |number: &u32| {
        let expected = (number % 2 == 1).then(|| value(*number, 2));
        store.get(Table::Alert, &number.to_be_bytes()).expect("read") != expected
    };
    let wrong = (0..RECORDS).filter(is_wrong).count();
    assert!((1..100).contains(&wrong), "{wrong} of {RECORDS} records are not what they were");
    assert!(!store.losses().is_empty(), "the loss is on record");
}

#[test]
fn a_directory_without_a_database_and_a_damaged_manifest_are_refused_with_a_remedy() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let error = repair(directory.path()).expect_err("nothing is there");
    assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
    let path = directory.path().join("store");
    filled(&path);
    let entries = std::fs::read_dir(&path).expect("listed");
    let mut paths = entries.map(|entry| entry.expect("listed").path());
    let manifest = paths.find(|path| path.to_string_lossy().contains("MANIFEST-"));
    let manifest = manifest.expect("a manifest");
    let mut bytes = std::fs::read(&manifest).expect("read");
    bytes[20] ^= 1;
    std::fs::write(&manifest, bytes).expect("written");
    let error = repair(&path).expect_err("the manifest is damaged").to_string();
    assert!(error.contains("manifest") && error.contains("plimsoll restore"), "{error}");
}

/// A copy of a filled store, changed.
fn changed(whole: &Path, name: &str, change: impl FnOnce(&Path)) -> std::path::PathBuf {
    let path = whole.with_file_name(name);
    copy(whole, &path);
    change(&path);
    path
}

#[test]
fn current_is_written_anew_when_one_manifest_is_certain() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = directory.path().join("whole");
    filled(&whole);
    let expected = requests(&whole);
    let write = |text: String| {
        move |path: &Path| std::fs::write(path.join("CURRENT"), text).expect("written")
    };
    let remove = |path: &Path| std::fs::remove_file(path.join("CURRENT")).expect("removed");
    for (number, text) in ["", "\n", "MANIFEST-", "x", "../MANIFEST-000001"].into_iter().enumerate()
    {
        let path = changed(&whole, &format!("text-{number}"), write(text.repeat(100_000)));
        let error = Store::open(&Options::new(&path)).expect_err("damaged").to_string();
        assert!(error.contains("CURRENT") && error.contains("plimsoll repair"), "{error}");
        assert!(error.len() < 600, "{} characters", error.len());
        let files = repair(&path).expect("repaired");
        assert_eq!(files.len(), 1);
        assert_eq!((&*files[0].name, files[0].lost), ("CURRENT", None));
        assert!(path.join("damaged/CURRENT").exists());
        assert_eq!(requests(&path), expected);
    }
    let path = changed(&whole, "missing", remove);
    Store::open(&Options::new(&path)).expect_err("no new database is created");
    assert_eq!(repair(&path).expect("repaired").len(), 1);
    assert_eq!(requests(&path), expected);
    assert_eq!(repair(&path).expect("nothing to repair"), []);
    // Which of two manifests is the right one is not known.
    let path = changed(&whole, "two", |path| {
        remove(path);
        std::fs::write(path.join("MANIFEST-900000"), "unfinished").expect("written");
    });
    let error = repair(&path).expect_err("not certain").to_string();
    assert!(error.contains("CURRENT") && error.contains("plimsoll restore"), "{error}");
    assert!(!path.join("CURRENT").exists());
}

#[test]
fn pipes_in_the_place_of_files_are_named_and_not_read() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = directory.path().join("whole");
    filled(&whole);
    for name in ["IDENTITY", "ACKNOWLEDGED", "LOCK", "900000.log", "900000.sst", "OPTIONS-900000"] {
        let path = changed(&whole, &format!("pipe-{name}"), |path| {
            let pipe = path.join(name);
            if pipe.exists() {
                std::fs::remove_file(&pipe).expect("removed");
            }
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.is_ok_and(|status| status.success()));
        });
        let opened = Store::open(&Options::new(&path)).map(drop);
        for error in [opened, repair(&path).map(drop)] {
            let error = error.expect_err("not read").to_string();
            assert!(
                error.contains(&format!("{name} is neither a file nor a directory")),
                "{error}"
            );
        }
    }
}
