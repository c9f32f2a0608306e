//! The engine at work on a store: warmed by the past, then fed with what is appended.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use plimsoll_storage::{Feed, Past, Scan, Slot, SlotValue, Store, StreamId};

use crate::alerts::{self, AlertFilter};
use crate::engine::{Engine, StreamNumber};
use crate::error::Result;
use crate::labels::GroupLabels;
use crate::limits::{LIST_ROWS_MAX, SCAN_WINDOW_MIN_MAX, USUAL_HOURS_MAX};
use crate::rule::{Rule, RuleSet, Signal};

/// Cells that one stretch of slots may hold about, so that reading the past takes bounded memory.
const STRETCH_CELLS: usize = 200_000;
/// Longest stretch, in ms: sensors settle what they learn at least this often.
const STRETCH_MS_MAX: i64 = 15 * 60_000;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// An engine and where its cells come from.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) engine: Engine,
    store: Arc<Store>,
    feed: Feed,
    numbers: BTreeMap<StreamId, StreamNumber>,
}

impl Live {
    pub(super) fn new(store: &Arc<Store>, rules: &Arc<RuleSet>, feed: Feed) -> Self {
        let engine = Engine::new(Arc::clone(rules), store.slot_width());
        Self { engine, store: Arc::clone(store), feed, numbers: BTreeMap::new() }
    }

    /// Takes in what was appended since the last call.
    pub(super) fn take_in(&mut self) -> Result<()> {
        let Self { engine, store, feed, numbers } = self;
        feed.read(&mut |stream, slot, value| {
            observe(engine, store, numbers, stream, slot, value);
        })?;
        Ok(())
    }

    /// Observes what the past holds of some slots.
    pub(super) fn read(&mut self, past: &Past<'_>, slots: Range<Slot>, grain: u32) -> Result<()> {
        let streams = self.streams();
        let Self { engine, store, numbers, .. } = self;
        let scan = Scan { grain, ..Scan::new(&streams, slots) };
        past.scan(&scan, &mut |stream, slot, value| {
            observe(engine, store, numbers, stream, slot, value);
        })?;
        Ok(())
    }

    /// Learns what lies before `first`, as far back as the rules look.
    pub(super) fn warm(&mut self, past: &Past<'_>, first: Slot) -> Result<()> {
        let width = self.store.slot_width();
        let rules = Arc::clone(self.engine.rules());
        let reach_ms = rules.rules.iter().map(reach_ms).max().unwrap_or(0);
        let window_ms = rules.rules.iter().map(window_ms).max().unwrap_or(0);
        let fine = first.minus(width.slots_in(window_ms));
        let mut next = first.minus(width.slots_in(reach_ms.max(window_ms)));
        let minute = width.slots_in(MINUTE_MS);
        next = Slot(next.0 - next.0 % minute);
        while next < first {
            let end = next.plus(self.stretch_slots().next_multiple_of(minute)).min(first);
            // Nobody looks at single slots that lie further back than every window.
            let grain = if end <= fine { minute } else { 1 };
            self.read(past, next..end, grain)?;
            self.engine.warm(end.minus(1));
            next = end;
        }
        for rule in rules.rules.iter().filter(|rule| is_freshness(rule)) {
            self.seed(rule, first)?;
        }
        Ok(())
    }

    /// Tells the engine of alerts that ended within the longest window before `first`.
    pub(super) fn forget_ended(&mut self, first: Slot) -> Result<()> {
        let until = self.store.slot_width().start(first);
        let since = until.plus_ms(-i64::from(SCAN_WINDOW_MIN_MAX) * MINUTE_MS);
        let ended = AlertFilter { open: Some(false), ..AlertFilter::default() };
        for alert in alerts::list(&self.store, &ended, LIST_ROWS_MAX)? {
            if let Some(at) = alert.resolved_at.filter(|at| (since..=until).contains(at)) {
                self.engine.forget(&alert.rule, &alert.labels, at);
            }
        }
        Ok(())
    }

    /// Slots that are read at once.
    pub(super) fn stretch_slots(&self) -> u32 {
        let longest = self.store.slot_width().slots_in(STRETCH_MS_MAX);
        let fitting = STRETCH_CELLS / self.streams().len().max(1);
        u32::try_from(fitting).unwrap_or(u32::MAX).clamp(1, longest)
    }

    /// Tells the engine of the newest event of each group, however old.
    fn seed(&mut self, rule: &Rule, first: Slot) -> Result<()> {
        for by in rule.groupings() {
            for group in plimsoll_query::groups(&self.store, &rule.selector(), by) {
                let newest = plimsoll_query::newest_before(&self.store, &group.streams, first)?;
                if let Some(newest) = newest {
                    self.engine.seed(&rule.name, &GroupLabels::new(group.labels), newest);
                }
            }
        }
        Ok(())
    }

    /// The streams that any rule watches.
    fn streams(&self) -> Vec<StreamId> {
        let rules = self.engine.rules().rules.iter();
        let streams: BTreeSet<StreamId> =
            rules.flat_map(|rule| rule.selector().streams(&self.store)).collect();
        streams.into_iter().collect()
    }
}

fn observe(
    engine: &mut Engine,
    store: &Store,
    numbers: &mut BTreeMap<StreamId, StreamNumber>,
    stream: StreamId,
    slot: Slot,
    value: &SlotValue,
) {
    let number = match numbers.get(&stream) {
        Some(number) => *number,
        None => {
            let Some(key) = store.stream_key(stream) else { return };
            *numbers.entry(stream).or_insert(engine.stream(key.as_ref()))
        }
    };
    engine.observe(number, slot, value);
}

/// How far back a rule learns, in ms.
fn reach_ms(rule: &Rule) -> i64 {
    match rule.signal {
        Signal::Drop { .. } | Signal::Absence { .. } | Signal::Run { .. } => {
            i64::from(USUAL_HOURS_MAX) * HOUR_MS
        }
        _ => rule.usual.map_or(0, |usual| i64::from(usual.hours) * HOUR_MS),
    }
}

/// How far back a rule looks at a judgement, in ms.
fn window_ms(rule: &Rule) -> i64 {
    if rule.scan.is_some() { i64::from(SCAN_WINDOW_MIN_MAX) * MINUTE_MS } else { rule.window_ms }
}

fn is_freshness(rule: &Rule) -> bool {
    matches!(rule.signal, Signal::Freshness { .. })
}
