//! Entry points for the fuzz targets into parsers that are private otherwise. Only built for fuzzing.

use plimsoll_storage::{SlotWidth, TimestampMs};

use crate::backtest::RawLine;
use crate::http;
use crate::import::{LabelSource, LabelSources, Layout, Routes};
use crate::ingest::check::Checker;
use crate::wire::push::item::{ItemKind, RawItem};
use crate::wire::push::repair::repair;
use crate::wire::push::{Place, Sink, read_json, read_ndjson};

/// Reads an access-log line whose partner and operation are the first two segments of its path.
pub fn access_log(line: &[u8]) {
    let segment = |number| Some(LabelSource::Segment(number));
    let sources =
        LabelSources { partner: segment(1), operation: segment(2), ..LabelSources::default() };
    let routes = Routes::new(sources);
    // An unreadable line is an error; a panic is not allowed.
    Layout::parse_in_every_shape(line, |path| {
        let _ = routes.labels(path);
    });
}

/// Reads the body of a push in both formats and checks its items.
pub fn push(body: &[u8]) {
    let mut items = Items::new();
    // A body that is not JSON is an error; a panic is not allowed.
    let _ = read_json(body, &mut items);
    if let Some(repaired) = repair(body) {
        let _ = read_json(&repaired, &mut items);
    }
    read_ndjson(body, &mut items);
}

/// Reads a query string as the parameters of every query.
pub fn parameters(query: &str) {
    // A wrong parameter is an error; a panic is not allowed.
    let _ = http::read_query(query);
}

/// Checks items without a store.
struct Items(Checker);

impl Items {
    fn new() -> Self {
        Self(Checker {
            width: SlotWidth::DEFAULT,
            now: TimestampMs(1_795_201_490_000),
            oldest_kept: TimestampMs(i64::MIN),
            ahead_ms_max: plimsoll_storage::limits::AHEAD_MS_MAX,
        })
    }
}

impl Sink for Items {
    fn item(&mut self, _: Place, kind: ItemKind, item: &RawItem<'_>) {
        let _ = self.0.check(kind, item);
    }

    fn not_an_item(&mut self, _: Place, _: &str, _: &str) {}

    fn unknown_list(&mut self, _: &str) {}
}

/// Reads and checks a line of a recording.
pub fn recording(line: &[u8]) {
    if let Ok(line) = RawLine::read(line) {
        let received_at = line.received_at().ok().flatten();
        let _ = line.check(SlotWidth::DEFAULT, received_at);
        let _ = line.batch();
    }
}
