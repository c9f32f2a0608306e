//! The engine at work on a store: warmed by the past, then fed with what is appended.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use plimsoll_query::Selector;
use plimsoll_storage::{Feed, Label, Past, Scan, Slot, SlotValue, SlotWidth, Store, StreamId};

use crate::engine::{Engine, StreamNumber};
use crate::error::Result;
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::{LIST_ROWS_MAX, SCAN_WINDOW_MIN_MAX, USUAL_HOURS_MAX};
use crate::records::alerts::{self, AlertFilter};
use crate::rule::{Rule, RuleSet, Signal};

/// Cells that one stretch of slots may hold about, so that reading the past takes bounded memory.
const STRETCH_CELLS: usize = 200_000;
/// Longest stretch, in ms: sensors settle what they learn at least this often.
const STRETCH_MS_MAX: i64 = 15 * 60_000;

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Slots that are learned from at once, in ms: as many hours as a sensor counts in at the same time,
/// since streams are read one after the other.
const LEARN_STRETCH_MS: i64 = 2 * HOUR_MS;

/// An engine and where its cells come from.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) engine: Engine,
    store: Arc<Store>,
    feed: Feed,
    numbers: Numbers,
}

/// The numbers that an engine knows streams of the store by.
pub(crate) type Numbers = BTreeMap<StreamId, StreamNumber>;

/// The past before a slot as far back as rules look, in stretches that are read one by one: the slots,
/// and how finely they are looked at, in slots.
#[derive(Debug, Clone)]
pub(crate) struct WarmUp {
    next: Slot,
    first: Slot,
    /// Nobody looks at single slots that lie further back than this.
    fine: Slot,
    minute: u32,
    stretch: u32,
}

impl WarmUp {
    /// The past before `first`, of so many streams.
    pub(crate) fn of(rules: &RuleSet, width: SlotWidth, first: Slot, streams: usize) -> Self {
        let reach_ms = rules.rules.iter().map(reach_ms).max().unwrap_or(0);
        let window_ms = rules.rules.iter().map(window_ms).max().unwrap_or(0);
        let scan_ms = rules.rules.iter().map(scan_ms).max().unwrap_or(0);
        let minute = width.slots_in(MINUTE_MS);
        let next = first.minus(width.slots_in(reach_ms.max(window_ms).max(scan_ms)));
        Self {
            next: Slot(next.0 - next.0 % minute),
            first,
            fine: first.minus(width.slots_in(window_ms)),
            minute,
            stretch: stretch_slots(width, streams).next_multiple_of(minute),
        }
    }
}

impl Iterator for WarmUp {
    type Item = (Range<Slot>, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { next, first, fine, minute, stretch } = *self;
        (next < first).then(|| {
            self.next = next.plus(stretch).min(first);
            (next..self.next, if self.next <= fine { minute } else { 1 })
        })
    }
}

/// Slots of so many streams that are read at once.
fn stretch_slots(width: SlotWidth, streams: usize) -> u32 {
    let fitting = STRETCH_CELLS / streams.max(1);
    u32::try_from(fitting).unwrap_or(u32::MAX).clamp(1, width.slots_in(STRETCH_MS_MAX))
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
        let streams: Vec<StreamId> = self.streams_of(&|_| true).into_iter().collect();
        self.read_streams(past, &streams, slots, grain)
    }

    fn read_streams(
        &mut self,
        past: &Past<'_>,
        streams: &[StreamId],
        slots: Range<Slot>,
        grain: u32,
    ) -> Result<()> {
        let Self { engine, store, numbers, .. } = self;
        let scan = Scan { grain, ..Scan::new(streams, slots) };
        past.scan(&scan, &mut |stream, slot, value| {
            observe(engine, store, numbers, stream, slot, value);
        })?;
        Ok(())
    }

    /// Learns what lies before `first`, as far back as the rules look and as finely as they do.
    pub(super) fn warm(&mut self, past: &Past<'_>, first: Slot) -> Result<()> {
        let width = self.store.slot_width();
        let rules = Arc::clone(self.engine.rules());
        let back = |ms: fn(&Rule) -> i64, to: u32| {
            let ms = rules.rules.iter().map(ms).max().unwrap_or(0);
            let slot = first.minus(width.slots_in(ms));
            Slot(slot.0 - slot.0 % to)
        };
        let (minute, stretch) = (width.slots_in(MINUTE_MS), width.slots_in(LEARN_STRETCH_MS));
        // Nobody looks at single slots that lie further back than every window.
        let slots_from = back(window_ms, minute);
        let minutes_from = back(scan_ms, minute).min(slots_from);
        let mut next = back(reach_ms, stretch);
        while next < minutes_from {
            let end = next.plus(stretch).min(minutes_from);
            self.learn(past, next..end)?;
            next = end;
        }
        next = minutes_from;
        while next < first {
            let end = next.plus(self.stretch_slots().next_multiple_of(minute)).min(first);
            let (end, grain) =
                if next < slots_from { (end.min(slots_from), minute) } else { (end, 1) };
            self.read(past, next..end, grain)?;
            self.engine.warm(end.minus(1));
            next = end;
        }
        for rule in &rules.rules {
            for (selector, in_sandbox) in
                [(rule.selector(), false), (rule.sandbox_selector(), true)]
            {
                seed(&self.store, &mut self.engine, rule, &selector, in_sandbox, first)?;
            }
        }
        Ok(())
    }

    /// Learns from slots that lie further back than every window. Only drops look at minutes there;
    /// for all else quarters of an hour do, which is a fifteenth of the cells.
    fn learn(&mut self, past: &Past<'_>, slots: Range<Slot>) -> Result<()> {
        let width = self.store.slot_width();
        let (minute, quarter) = (width.slots_in(MINUTE_MS), width.slots_in(QUARTER_MS));
        let by_minute = self.streams_of(&|rule| matches!(rule.signal, Signal::Drop { .. }));
        let all = self.streams_of(&|_| true);
        let by_quarter: Vec<StreamId> = all.difference(&by_minute).copied().collect();
        let by_minute: Vec<StreamId> = by_minute.into_iter().collect();
        // What is read need not wait: it is all past.
        self.engine.come_to(slots.end.minus(1));
        self.read_streams(past, &by_minute, slots.clone(), minute)?;
        self.read_streams(past, &by_quarter, slots.clone(), quarter)?;
        let mut settled = slots.start;
        while settled < slots.end {
            settled = settled.plus(quarter).min(slots.end);
            self.engine.warm(settled.minus(1));
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
        stretch_slots(self.store.slot_width(), self.streams_of(&|_| true).len())
    }

    /// The streams that some rules watch.
    fn streams_of(&self, wanted: &dyn Fn(&Rule) -> bool) -> BTreeSet<StreamId> {
        let rules = self.engine.rules().rules.iter().filter(|rule| wanted(rule));
        let selectors = rules.flat_map(|rule| [rule.selector(), rule.sandbox_selector()]);
        selectors.flat_map(|selector| selector.streams(&self.store)).collect()
    }
}

/// Tells the engine of the newest event of each group of a freshness rule, however old. `in_sandbox`
/// says that all that is selected lies there.
pub(crate) fn seed(
    store: &Store,
    engine: &mut Engine,
    rule: &Rule,
    selector: &Selector,
    in_sandbox: bool,
    first: Slot,
) -> Result<()> {
    if !is_freshness(rule) {
        return Ok(());
    }
    for by in rule.groupings() {
        for group in plimsoll_query::groups(store, selector, by) {
            let newest = plimsoll_query::newest_before(store, &group.streams, first)?;
            if let Some(newest) = newest {
                let on_top = in_sandbox.then(|| (Label::Environment, SANDBOX.to_owned()));
                let labels = GroupLabels::new(group.labels.into_iter().chain(on_top));
                engine.seed(&rule.name, &labels, newest);
            }
        }
    }
    Ok(())
}

/// Hands a cell on to the engine.
pub(crate) fn observe(
    engine: &mut Engine,
    store: &Store,
    numbers: &mut Numbers,
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

/// How far back a rule looks at single slots, in ms. A scan looks at minutes, an age at the newest
/// event.
fn window_ms(rule: &Rule) -> i64 {
    let is_age = matches!(
        rule.signal,
        Signal::Absence { .. } | Signal::Freshness { .. } | Signal::Run { .. }
    );
    if rule.scan.is_some() || is_age { 0 } else { rule.window_ms }
}

/// How far back a rule looks at minutes, in ms.
fn scan_ms(rule: &Rule) -> i64 {
    if rule.scan.is_some() { i64::from(SCAN_WINDOW_MIN_MAX) * MINUTE_MS } else { 0 }
}

fn is_freshness(rule: &Rule) -> bool {
    matches!(rule.signal, Signal::Freshness { .. })
}
