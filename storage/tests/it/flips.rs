//! Flipped bits in files of every family: each answer is right, or the damage is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_storage::{
    Error, Exemplar, ExemplarKind, ExemplarQuery, LabelMatchers, Options, Outcome, Scan, Slot,
    SlotValue, Store, StreamId, StreamKind, StreamRef, Table, TableBatch, TimestampMs,
};

const FLIPS: u64 = 200;
const DAY_SLOTS: u32 = 8_640;
/// The first day is older than slots are kept when the others have arrived, so it is kept in minutes.
const DAYS: [u32; 4] = [100, 110, 111, 112];
const PARTNERS: u32 = 120;
/// Slots of a stream and day: some in a minute, some in other blocks.
const SLOTS: [u32; 6] = [3, 4, 90, 360, 4_000, 8_639];
/// One for each resolution: slots, minutes, quarters of an hour.
const GRAINS: [u32; 3] = [1, 6, 90];

/// Pseudo-random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn append_day(store: &Store, day: u32) {
    let mut batch = store.batch();
    for partner in 0..PARTNERS {
        let name = format!("partner-{partner}");
        let labels = [&*name, "create_label", "production", "", ""];
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        for slot in SLOTS {
            let slot = Slot(day * DAY_SLOTS + slot);
            let at = store.slot_width().start(slot).plus_ms(i64::from(partner));
            let cell = batch.activity(stream, slot).expect("room for the stream");
            cell.record(Outcome::Status5xx, Some(0.1 * f64::from(partner + 1)), at);
            let id = format!("order-{day}-{partner}-{}", slot.0);
            let (outcome, duration_us) = (Outcome::Status5xx, Some(u64::from(partner)));
            let event = Exemplar { at, outcome, duration_us, ids: [&*id, "", ""] };
            batch.exemplar(stream, slot, event).expect("room");
        }
    }
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
}

/// A closed store with cells at every resolution, exemplars and records: all of them in files, partly
/// compacted, and the newest cells in the journal.
fn filled(path: &Path) {
    let store = Store::open(&Options::new(path)).expect("the store opens");
    for day in DAYS {
        append_day(&store, day);
        store.seal().expect("sealed");
    }
    while store.retain().expect("retained") > 0 {}
    store.compact().expect("compacted");
    append_day(&store, 112);
    let mut records = TableBatch::default();
    for number in 0..400_u32 {
        let value = format!("the value of {number}").into_bytes();
        records.put(Table::Alert, &number.to_be_bytes(), value);
    }
    store.commit(records).expect("written");
    store.flush().expect("flushed");
}

/// An answer: its text, and whether it says that damage was met.
type Answers = BTreeMap<String, (String, bool)>;

/// What a store answers to every question; an error is an answer that names damage.
fn answers(store: &Store) -> Answers {
    let mut answers = Answers::new();
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::new());
    for grain in GRAINS {
        for day in DAYS {
            let slots = Slot(day * DAY_SLOTS)..Slot((day + 1) * DAY_SLOTS);
            let cells = cells(store, &streams, slots.clone(), grain);
            for (stream, cells) in streams.iter().zip(cells) {
                let is_named = !store.damaged(&[*stream], &slots).is_empty();
                answers.insert(format!("{grain} {day} {}", stream.0), (cells, is_named));
            }
        }
    }
    let slots = Slot(0)..Slot(200 * DAY_SLOTS);
    for kind in [ExemplarKind::Failed(vec![Outcome::Status5xx]), ExemplarKind::Slow] {
        for stream in &streams {
            let streams = &[*stream];
            let query = ExemplarQuery { streams, slots: slots.clone(), kind: &kind, limit: 100 };
            let answer = match store.exemplars(&query) {
                Ok(found) => (format!("{:?}", found.best), !found.damaged.is_empty()),
                Err(error) => (error.to_string(), true),
            };
            answers.insert(format!("{kind:?} {}", stream.0), answer);
        }
    }
    for stream in &streams {
        let seen = format!("{:?}", store.last_seen(*stream));
        answers.insert(format!("seen {}", stream.0), (seen, false));
    }
    for number in 0..400_u32 {
        let answer = match store.get(Table::Alert, &number.to_be_bytes()) {
            Ok(value) => (format!("{value:?}"), false),
            Err(error) => (error.to_string(), true),
        };
        answers.insert(format!("record {number}"), answer);
    }
    answers
}

/// The cells of each stream, in one scan.
fn cells(
    store: &Store,
    streams: &[StreamId],
    slots: std::ops::Range<Slot>,
    grain: u32,
) -> Vec<String> {
    let mut found: BTreeMap<(StreamId, Slot), SlotValue> = BTreeMap::new();
    let scan = Scan { grain, ..Scan::new(streams, slots) };
    let read = store.scan(&scan, &mut |stream, slot, value| {
        let slot = Slot(slot.0 / grain * grain);
        found
            .entry((stream, slot))
            .and_modify(|held| held.merge(value))
            .or_insert_with(|| value.clone());
    });
    read.expect("damage is no error");
    let of = |stream: &StreamId| {
        let cells = found.range((*stream, Slot(0))..=(*stream, Slot(u32::MAX)));
        format!("{:?}", cells.collect::<Vec<_>>())
    };
    streams.iter().map(of).collect()
}

fn tables(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).expect("the data directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut tables: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "sst")).collect();
    tables.sort();
    tables
}

/// A copy whose tables are links, except for the one that is damaged.
fn copy(from: &Path, to: &Path, damaged: &Path, bytes: &[u8]) {
    fs::create_dir(to).expect("created");
    for entry in fs::read_dir(from).expect("the data directory") {
        let file = entry.expect("an entry").path();
        let name = file.file_name().expect("a name");
        let copied = to.join(name);
        if file == damaged {
            fs::write(copied, bytes).expect("written");
        } else if file.extension().is_some_and(|end| end == "sst") {
            fs::hard_link(&file, copied).expect("linked");
        } else if name != "LOCK" {
            fs::copy(&file, copied).expect("copied");
        }
    }
}

#[test]
fn a_flipped_bit_in_any_table_gives_right_answers_or_named_damage() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = directory.path().join("whole");
    filled(&whole);
    let files = tables(&whole);
    assert!(files.len() >= 8, "every family has a file: {files:?}");
    let kept = directory.path().join("kept");
    copy(&whole, &kept, Path::new(""), &[]);
    let expected = answers(&Store::open(&Options::new(&kept)).expect("the store opens"));
    assert!(expected.values().all(|(_, is_named)| !is_named), "nothing is damaged yet");
    let mut random = Random(20_261_128);
    let (mut refused, mut named, mut wrong) = (0, 0, 0);
    for flip in 0..FLIPS {
        let file = &files[random.below(files.len() as u64) as usize];
        let mut bytes = fs::read(file).expect("read");
        let (position, bit) = (random.below(bytes.len() as u64) as usize, random.below(8));
        bytes[position] ^= 1 << bit;
        let to = directory.path().join(format!("flip-{flip}"));
        copy(&whole, &to, file, &bytes);
        let place = format!("{} byte {position} bit {bit}", file.display());
        match Store::open(&Options::new(&to)) {
            Err(error) => {
                // RocksDB names the manifest when the properties of a table are damaged.
                let is_named = matches!(error, Error::Files { .. } | Error::Corrupt { .. });
                assert!(is_named || error.to_string().contains(".sst"), "{place}: {error}");
                refused += 1;
            }
            Ok(store) => {
                for (question, (answer, is_named)) in answers(&store) {
                    let (right, _) = &expected[&question];
                    assert!(is_named || answer == *right, "{place}: {question} is wrong");
                    named += u64::from(is_named);
                    wrong += u64::from(answer != *right);
                }
            }
        }
        fs::remove_dir_all(&to).expect("removed");
    }
    println!(
        "{FLIPS} flips: {refused} starts refused, {named} answers name damage, {wrong} are incomplete"
    );
    assert!(wrong > 0 && named < 3 * wrong, "{named} answers name damage, {wrong} are incomplete");
}
