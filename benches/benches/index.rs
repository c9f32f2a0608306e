//! Nine hundred thousand streams: the time to open the store, and the memory of each stream.
//!
//! Prints the result of one run, because a run takes too long to repeat. The variable `PLIMSOLL_STREAMS` sets
//! another number of streams.

use std::process::Command;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_benches::process;
use plimsoll_storage::{
    Durability, Label, LabelMatchers, Matcher, Options, Outcome, Pattern, Slot, Store, StreamKind,
    StreamRef, TimestampMs,
};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The slot of the test data: 2026-11-20T00:00:00Z.
const SLOT: Slot = Slot(179_513_280);
const STREAMS_DEFAULT: usize = 900_000;
/// Partners, in the rules file so that all are accepted.
const PARTNERS: usize = 9_000;
const BATCH: usize = 10_000;

/// The directory to fill; set for the child process that fills it.
const FILL: &str = "PLIMSOLL_FILL";

fn main() {
    let streams = std::env::var("PLIMSOLL_STREAMS").ok().and_then(|text| text.parse().ok());
    let streams: usize = streams.unwrap_or(STREAMS_DEFAULT);
    if let Some(path) = std::env::var_os(FILL) {
        let mut options = Options::new(path);
        options.durability = Durability::Wal;
        return fill(&Store::open(&options).expect("the store opens"), streams);
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    // Another process fills the store, so that its freed memory does not count as memory of the store.
    let filling = Command::new(std::env::current_exe().expect("this program"))
        .env(FILL, directory.path())
        .status();
    assert!(filling.expect("this program runs").success(), "the store could not be filled");
    measure(&Options::new(directory.path()), streams);
}

fn measure(options: &Options, streams: usize) {
    let rss_mb = || process::rss_mb(std::process::id()).unwrap_or_default();
    let before_mb = rss_mb();
    let start = Instant::now();
    let store = Store::open(options).expect("the store opens");
    let took = start.elapsed();
    assert_eq!(store.stats().streams, streams as u64);
    let held_bytes = ((rss_mb() - before_mb) << 20) as f64;
    println!("{streams} streams: opened in {:.2} s", took.as_secs_f64());
    println!("{:.0} bytes of memory a stream", held_bytes / streams as f64);
    select(&store);
}

/// 20 operations and 5 sites of each partner, and as many releases as the number of streams needs.
fn fill(store: &Store, streams: usize) {
    store.name_partners((0..PARTNERS).map(|number| format!("partner-{number}")).collect());
    for first in (0..streams).step_by(BATCH) {
        let mut batch = store.batch();
        for number in first..(first + BATCH).min(streams) {
            let partner = format!("partner-{}", number % PARTNERS);
            let operation = format!("operation-{}", number / PARTNERS % 20);
            let site = format!("site-{}", number / PARTNERS / 20 % 5);
            let release = format!("1.{}", number / PARTNERS / 100);
            let stream = StreamRef {
                kind: StreamKind::Activity,
                name: "requests",
                labels: [&partner, &operation, "production", &site, &release],
            };
            let cell = batch.activity(stream, SLOT).expect("room for the stream");
            cell.record(Outcome::Status2xx, None, store.slot_width().start(SLOT));
        }
        let batch = batch.finish();
        store.append_blocking(batch, BATCH as u64, None, TimestampMs(0)).expect("appended");
        if store.needs_seal() {
            store.seal().expect("sealed");
        }
    }
    store.seal().expect("sealed");
    store.compact().expect("compacted");
}

fn select(store: &Store) {
    let pattern = Pattern::new("operation-1.*").expect("a pattern");
    let mut matchers = LabelMatchers::any_of(Label::Partner, ["partner-7"]);
    time(store, "one partner", &matchers);
    matchers.push(Label::Operation, Matcher::Regex(pattern));
    time(store, "one partner, operations by pattern", &matchers);
    let mut matchers = LabelMatchers::new();
    matchers.push(Label::Partner, Matcher::NotIn(["partner-7".to_owned()].into()));
    time(store, "all partners but one", &matchers);
}

fn time(store: &Store, name: &str, matchers: &LabelMatchers) {
    let start = Instant::now();
    let found = store.select(StreamKind::Activity, Some("requests"), matchers);
    println!("{name}: {} streams in {:.2} ms", found.len(), start.elapsed().as_secs_f64() * 1e3);
}
