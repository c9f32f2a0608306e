//! The engine at work on a store: warmed by the past, then fed with what is appended.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use plimsoll_query::Selector;
use plimsoll_storage::{Feed, FeedPast, Label, Scan, Slot, SlotValue, SlotWidth, Store, StreamId};

use crate::engine::{
    BASELINE_STRETCH_MS, Engine, LookBack, StreamNumber, learns_by_minute, stretch_slots,
};
use crate::error::Result;
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::LIST_ROWS_MAX;
use crate::records::alerts::{self, AlertFilter};
use crate::rule::{Rule, RuleSet, ScanSettings, Signal};

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;

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
        let look_back = LookBack::of_all(&rules.rules);
        let minute = width.slots_in(MINUTE_MS);
        let next = first.minus(width.slots_in(look_back.longest_ms()));
        Self {
            next: Slot(next.0 - next.0 % minute),
            first,
            fine: first.minus(width.slots_in(look_back.slots_ms)),
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
    pub(super) fn read(
        &mut self,
        past: &FeedPast<'_>,
        slots: Range<Slot>,
        grain: u32,
    ) -> Result<()> {
        let streams: Vec<StreamId> = self.streams_of(&|_| true).into_iter().collect();
        self.read_streams(past, &streams, slots, grain)
    }

    fn read_streams(
        &mut self,
        past: &FeedPast<'_>,
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
    pub(super) fn warm(&mut self, past: &FeedPast<'_>, first: Slot) -> Result<()> {
        let width = self.store.slot_width();
        let rules = Arc::clone(self.engine.rules());
        let look_back = LookBack::of_all(&rules.rules);
        let back = |ms: i64, to: u32| {
            let slot = first.minus(width.slots_in(ms));
            Slot(slot.0 - slot.0 % to)
        };
        let (minute, stretch) = (width.slots_in(MINUTE_MS), width.slots_in(BASELINE_STRETCH_MS));
        // Nobody looks at single slots that lie further back than every window.
        let slots_from = back(look_back.slots_ms, minute);
        let minutes_from = back(look_back.minutes_ms, minute).min(slots_from);
        let mut next = back(look_back.baseline_ms, stretch);
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
            self.engine.warm_up(end.minus(1));
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
    fn learn(&mut self, past: &FeedPast<'_>, slots: Range<Slot>) -> Result<()> {
        let width = self.store.slot_width();
        let (minute, quarter) = (width.slots_in(MINUTE_MS), width.slots_in(QUARTER_MS));
        let by_minute = self.streams_of(&learns_by_minute);
        let all = self.streams_of(&|_| true);
        let by_quarter: Vec<StreamId> = all.difference(&by_minute).copied().collect();
        let by_minute: Vec<StreamId> = by_minute.into_iter().collect();
        // What is read need not wait: it is all past.
        self.engine.advance_to(slots.end.minus(1));
        self.read_streams(past, &by_minute, slots.clone(), minute)?;
        self.read_streams(past, &by_quarter, slots.clone(), quarter)?;
        let mut settled = slots.start;
        while settled < slots.end {
            settled = settled.plus(quarter).min(slots.end);
            self.engine.warm_up(settled.minus(1));
        }
        Ok(())
    }

    /// Tells the engine of alerts that ended within the longest window before `first`.
    pub(super) fn forget_ended(&mut self, first: Slot) -> Result<()> {
        let until = self.store.slot_width().start(first);
        let since = until.plus_ms(-i64::from(ScanSettings::WINDOW_MIN_MAX) * MINUTE_MS);
        let ended = AlertFilter { open: Some(false), ..AlertFilter::default() };
        for alert in alerts::list(&self.store, &ended, LIST_ROWS_MAX)? {
            if let Some(at) = alert.resolved_at.filter(|at| (since..=until).contains(at)) {
                self.engine.note_resolved(&alert.rule, &alert.labels, at);
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

fn is_freshness(rule: &Rule) -> bool {
    matches!(rule.signal, Signal::Freshness { .. })
}
