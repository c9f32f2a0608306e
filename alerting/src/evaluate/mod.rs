//! The evaluator: judges slot after slot in data time, and writes what changed.
//!
//! Running live, catching up after a downtime and judging history are the same code; only the time
//! that is passed in differs. States, alerts, notifications and the cursor of one slot are written
//! in one commit, so a crash repeats a slot as a whole or not at all.

mod live;
mod retire;
mod write;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bincode::Decode;
use plimsoll_storage::{Slot, SlotWidth, Store, Table, TableBatch, TimestampMs};

use self::live::Live;
pub(crate) use self::live::{Numbers, WarmUp, observe, seed};
use self::write::{SlotRun, Telling};
use crate::engine::{AlertState, Evaluation, Evidence, Firing, StateChange, StateReason};
use crate::error::Result;
use crate::labels::GroupLabels;
use crate::limits::LATE_PAGE_MS;
use crate::notify::grouping::{AlertInput, AlertKey, Grouping};
use crate::notify::mute::{self, Mutes};
use crate::notify::release::Releases;
use crate::notify::reminder::Reminders;
use crate::records::alerts::Alert;
use crate::records::delivery::Action;
use crate::records::muted_by::MutedBy;
use crate::records::row;
use crate::records::silence::{self, Silence};
use crate::records::state::{Tracked, Tracking, write_state};
use crate::rule::{Rule, RuleIdentity, RuleSet, Severity};

/// How far back judging reaches after a downtime. Older slots are skipped.
const CATCH_UP_MS_MAX: i64 = 7 * 24 * 3_600_000;
/// How far the clock may be behind what is judged already before judging starts over from now. More
/// means that the clock was wrong before, and waiting for it would leave everyone unwatched.
const CLOCK_BEHIND_MS_MAX: i64 = 3_600_000;
/// Slots without any change that may pass before the cursor is written again.
const QUIET_SLOTS_PER_WRITE: u32 = 100;

/// Key of the cursor: the last judged slot.
const CURSOR_KEY: &[u8] = b"evaluator";

/// Key of the open reminders of silences.
const REMINDERS_KEY: &[u8] = b"reminders";
/// Key of the releases that have been reported.
const RELEASES_KEY: &[u8] = b"releases";

/// Key of the open messages.
const PAGER_KEY: &[u8] = b"pager";

/// Where links in pages lead unless told otherwise: where the server listens by default.
const BASE_URL_DEFAULT: &str = "http://127.0.0.1:8585";

/// How long after its end a slot is judged, in ms: half a slot, for data that is on its way.
#[must_use]
pub const fn grace_ms(width: SlotWidth) -> i64 {
    width.ms() / 2
}

/// A change of state that a judgement made.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionEvent {
    /// Name of the rule.
    pub rule: String,
    /// The group.
    pub labels: GroupLabels,
    /// End of the judged slot.
    pub at: TimestampMs,
    /// What changed.
    pub change: StateChange,
    /// Why.
    pub reason: StateReason,
    /// Severity of the alert, when there is one.
    pub severity: Option<Severity>,
    /// The judgement; `None` when there was no data.
    pub evidence: Option<Evidence>,
    /// Id of the alert, when there is one.
    pub alert_id: Option<String>,
}

/// What one call judged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EvaluatedSlots {
    /// How many slots.
    pub slots: u64,
    /// The changes, in the order of slots and rules.
    pub transitions: Vec<TransitionEvent>,
    /// Groups that were left out because their rule has more than
    /// [`GROUPS_PER_RULE_MAX`]; 0 when all were judged.
    pub groups_left_out: usize,
    /// Cells that were left out since the engine was started, because more than
    /// [`AHEAD_CELLS_MAX`](crate::limits::AHEAD_CELLS_MAX) waited for their slot.
    pub cells_left_out: u64,
}

/// Judges rules over the data of a store. One at a time may run on a store.
#[derive(Debug)]
pub struct Evaluator {
    store: Arc<Store>,
    rules: Arc<RuleSet>,
    /// In the order of rules.
    identities: Vec<RuleIdentity>,
    /// Whether what is tracked may be of rules that are no longer there.
    may_be_retired: bool,
    tracking: Tracking,
    pager: Grouping,
    reminders: Reminders,
    releases: Releases,
    /// The engine at work; `None` before the first judgement, and after time has jumped.
    live: Option<Live>,
    /// The last judged slot; `None` before the first call.
    cursor: Option<Slot>,
    /// Slots judged since the cursor was written.
    unwritten: u32,
    /// The operator asked for history, however long.
    asked_for_history: bool,
    /// Slots before this were missed: what fired in them is told once all are judged, if it is still
    /// open.
    quiet_before: Slot,
    /// Where people reach this server, for links in pages.
    base_url: String,
}

/// The messages that are open, as of the last slot in which they changed.
pub(crate) fn open_messages(store: &Store) -> Result<Grouping> {
    Ok(load(store, PAGER_KEY, "pager")?.unwrap_or_default())
}

impl Evaluator {
    /// Goes on where the last evaluator on this store stopped.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(store: Arc<Store>, rules: Arc<RuleSet>) -> Result<Self> {
        let tracking = Tracking::load(&store)?;
        let cursor = load(&store, CURSOR_KEY, "cursor")?;
        let pager = open_messages(&store)?;
        let reminders: Option<Reminders> = load(&store, REMINDERS_KEY, "reminders")?;
        let releases: Option<Releases> = load(&store, RELEASES_KEY, "releases")?;
        Ok(Self {
            store,
            identities: identities(&rules),
            rules,
            may_be_retired: true,
            tracking,
            pager,
            reminders: reminders.unwrap_or_default(),
            releases: releases.unwrap_or_default(),
            live: None,
            cursor,
            unwritten: 0,
            asked_for_history: false,
            quiet_before: Slot(0),
            base_url: BASE_URL_DEFAULT.to_owned(),
        })
    }

    /// Lets links in pages begin with an address, such as `https://plimsoll.example`.
    #[must_use]
    pub fn linking_to(self, base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), ..self }
    }

    /// Judges by other rules from the next slot on, as a restart with them would. The states of rules
    /// that judge as before go on; the alerts of others end, and say why.
    pub fn reload(&mut self, rules: Arc<RuleSet>) {
        self.identities = identities(&rules);
        self.rules = rules;
        self.may_be_retired = true;
        // What the engine has learned is read again from the store.
        self.live = None;
    }

    /// The end of the last judged slot; `None` before anything was judged.
    #[must_use]
    pub fn judged_until(&self) -> Option<TimestampMs> {
        self.cursor.map(|slot| self.store.slot_width().end(slot))
    }

    /// Judges, in order, each slot that has ended [`grace_ms`] ago and was not judged yet. The
    /// first call on a store judges nothing: it marks where judging starts.
    ///
    /// When more than [`LATE_PAGE_MS`] was missed, what fired meanwhile is recorded with its times and
    /// causes, and told only if it is still open at the newest slot; the ends of what was told before
    /// are told. Slots older than [`CATCH_UP_MS_MAX`] are skipped. [`Evaluator::rewind_to`] asks for
    /// history: then every slot is judged and everything is told as if it happened now.
    ///
    /// # Errors
    /// When the store fails; the slots before it stay judged, and the next call goes on from there.
    pub fn judge_until(&mut self, now: TimestampMs) -> Result<EvaluatedSlots> {
        let mut judged = EvaluatedSlots::default();
        let width = self.store.slot_width();
        let newest = width.slot_of(now.plus_ms(-grace_ms(width))).minus(1);
        let Some(cursor) = self.cursor else {
            self.write_cursor(newest)?;
            return Ok(judged);
        };
        if cursor >= newest {
            self.follow_clock_back(cursor, newest)?;
            self.take_in();
            return Ok(judged);
        }
        let first = self.first_slot(cursor, newest)?;
        let is_late = newest.0 - first.0 > width.slots_in(LATE_PAGE_MS);
        self.quiet_before = if is_late && !self.asked_for_history { newest } else { Slot(0) };
        self.retire(width.start(first), &mut judged)?;
        match self.live.take() {
            Some(live) => self.go_on(live, first..newest.plus(1), &mut judged)?,
            None => self.catch_up(first..newest.plus(1), &mut judged)?,
        }
        if self.unwritten > 0 {
            self.write_cursor(newest)?;
        }
        self.asked_for_history = false;
        Ok(judged)
    }

    /// Takes in what has come in, so that it does not pile up until a slot closes.
    fn take_in(&mut self) {
        if let Some(live) = &mut self.live
            && let Err(error) = live.take_in()
        {
            tracing::warn!(%error, "new data could not be followed and is read again");
            self.live = None;
        }
    }

    /// Judges slots by what has come in since the last call.
    fn go_on(
        &mut self,
        mut live: Live,
        slots: Range<Slot>,
        judged: &mut EvaluatedSlots,
    ) -> Result<()> {
        if let Err(error) = live.take_in() {
            // Begin anew from the store: that is slower, and nothing is lost.
            tracing::warn!(%error, "new data could not be followed and is read again");
            return self.catch_up(slots, judged);
        }
        for number in slots.start.0..slots.end.0 {
            self.judge_slot(&mut live, Slot(number), judged)?;
        }
        self.live = Some(live);
        Ok(())
    }

    /// Judges slots by what the store holds, a stretch at a time, and follows it from then on.
    fn catch_up(&mut self, slots: Range<Slot>, judged: &mut EvaluatedSlots) -> Result<()> {
        let store = Arc::clone(&self.store);
        let (past, feed) = store.subscribe()?;
        let mut live = Live::new(&self.store, &self.rules, feed);
        live.warm(&past, slots.start)?;
        live.forget_ended(slots.start)?;
        for (rule, labels, tracked) in self.tracking.iter() {
            live.engine.restore(rule, labels, tracked.state, tracked.detection);
        }
        let mut next = slots.start;
        while next < slots.end {
            let end = next.plus(live.stretch_slots()).min(slots.end);
            live.read(&past, next..end, 1)?;
            for number in next.0..end.0 {
                self.judge_slot(&mut live, Slot(number), judged)?;
            }
            next = end;
        }
        live.read(&past, slots.end..Slot(u32::MAX), 1)?;
        self.live = Some(live);
        Ok(())
    }

    /// Moves back so that the next call judges everything from `from` on. Open alerts stay open;
    /// an alert that is on record already is not told again. Does nothing when that time is not
    /// judged yet.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn rewind_to(&mut self, from: TimestampMs) -> Result<()> {
        let target = self.store.slot_width().slot_of(from).minus(1);
        self.asked_for_history = true;
        if self.cursor.is_some_and(|cursor| cursor <= target) {
            return Ok(());
        }
        self.drop_timers()?;
        self.write_cursor(target)
    }

    /// Starts over from `newest` when the clock was far ahead before and was set right.
    fn follow_clock_back(&mut self, cursor: Slot, newest: Slot) -> Result<()> {
        let ahead = cursor.0 - newest.0;
        if ahead <= self.store.slot_width().slots_in(CLOCK_BEHIND_MS_MAX) {
            return Ok(());
        }
        tracing::error!(slots_ahead = ahead, "judging was ahead of the clock and starts over");
        self.drop_timers()?;
        self.write_cursor(newest)
    }

    /// The first slot to judge: the next one, or a later one after a long downtime.
    fn first_slot(&mut self, cursor: Slot, newest: Slot) -> Result<Slot> {
        let reach = self.store.slot_width().slots_in(CATCH_UP_MS_MAX);
        let oldest = newest.minus(reach.saturating_sub(1));
        let next = cursor.plus(1);
        if self.asked_for_history || next >= oldest {
            return Ok(next);
        }
        tracing::warn!(skipped_slots = oldest.0 - next.0, "a long downtime is not judged in full");
        self.drop_timers()?;
        Ok(oldest)
    }

    /// Forgets every running timer, because time does not go on where they stopped: pending states
    /// end, open alerts wait anew.
    fn drop_timers(&mut self) -> Result<()> {
        self.live = None;
        let reset = |state: AlertState| match state {
            AlertState::Firing(firing) => {
                AlertState::Firing(Firing { clear_since: None, moved_since: None, ..firing })
            }
            AlertState::Inactive | AlertState::Pending { .. } => AlertState::Inactive,
        };
        let mut batch = TableBatch::default();
        let mut changed = Vec::new();
        for (rule, labels, tracked) in self.tracking.iter() {
            let state = reset(tracked.state);
            write_state(&mut batch, rule, labels, tracked.identity, (state, tracked.detection));
            let next =
                (state != AlertState::Inactive).then(|| Tracked { state, ..tracked.clone() });
            changed.push((rule.to_owned(), labels.clone(), next));
        }
        self.store.commit(batch)?;
        for (rule, labels, next) in changed {
            self.tracking.set(&rule, &labels, next);
        }
        Ok(())
    }

    fn judge_slot(
        &mut self,
        live: &mut Live,
        slot: Slot,
        judged: &mut EvaluatedSlots,
    ) -> Result<()> {
        let at = self.store.slot_width().end(slot);
        let verdicts = live.engine.evaluate(slot);
        judged.groups_left_out = live.engine.groups_left_out();
        judged.cells_left_out = live.engine.cells_left_out();
        let mut pager = self.pager.clone();
        let is_missed = slot < self.quiet_before;
        let silences = self.silences(&verdicts);
        let (heard, suppressed) = self.heard(live, &verdicts, &silences, at, is_missed);
        let says = pager.hear(self.rules.grouping.as_ref(), at, &heard);
        let mut reminders = self.reminders.clone();
        // What was missed is no longer to be reminded of.
        let is_held = |it: &MutedBy| *it == MutedBy::Silenced && !is_missed;
        let silenced = suppressed.iter().filter(|(_, it)| is_held(it));
        let silenced: Vec<&AlertKey> = silenced.map(|(key, _)| key).collect();
        let notices = reminders.follow(&self.rules, &silences, &silenced, at);
        let mut releases = self.releases.clone();
        let changes = releases.follow(&self.rules, &self.store, at).into_iter();
        let changes: Vec<(Action, Alert)> = changes.map(|it| (Action::Change, it)).collect();
        let telling = Telling::new(&says, &pager, suppressed, is_missed, &self.base_url);
        let mut run = SlotRun::new(&self.store, &self.rules, at, telling);
        for verdict in &verdicts {
            let rule = self.rules.rules.get(verdict.rule).zip(self.identities.get(verdict.rule));
            if let Some((rule, identity)) = rule {
                let tracked = self.tracking.get(&rule.name, &verdict.labels);
                run.take(rule, *identity, verdict, tracked)?;
            }
        }
        run.end_messages(&says)?;
        run.update_messages(&says)?;
        run.escalate()?;
        run.notices(&notices);
        run.notices(&changes);
        self.unwritten += 1;
        let is_changed = pager != self.pager;
        let is_reminded = !notices.is_empty();
        let is_released = releases != self.releases;
        let is_noted = is_changed || is_reminded || is_released;
        if run.is_quiet() && !is_noted && self.unwritten < QUIET_SLOTS_PER_WRITE {
            run.follow(&mut self.tracking);
        } else {
            let events = run.commit(&mut self.tracking, |batch| {
                put_cursor(batch, slot);
                if is_changed {
                    batch.put(Table::Cursor, PAGER_KEY, row::encode(&pager));
                }
                if is_reminded {
                    batch.put(Table::Cursor, REMINDERS_KEY, row::encode(&reminders));
                }
                if is_released {
                    batch.put(Table::Cursor, RELEASES_KEY, row::encode(&releases));
                }
            })?;
            judged.transitions.extend(events);
            self.unwritten = 0;
        }
        self.pager = pager;
        self.reminders = reminders;
        self.releases = releases;
        self.cursor = Some(slot);
        judged.slots += 1;
        Ok(())
    }

    /// The silences, when there is anything to be silent about. One that cannot be read must not keep
    /// anyone from being told.
    fn silences(&self, verdicts: &[Evaluation]) -> Vec<Silence> {
        let is_open = |verdict: &Evaluation| matches!(verdict.state, AlertState::Firing(_));
        if self.reminders.is_empty() && !verdicts.iter().any(is_open) {
            return Vec::new();
        }
        silence::list(&self.store).unwrap_or_else(|error| {
            tracing::error!(%error, "no silence is kept");
            Vec::new()
        })
    }

    /// What the pager hears of this slot: alerts that are open, end, or are no longer watched; and what
    /// keeps those that are open from being told. What was told is not held back later.
    fn heard(
        &self,
        live: &Live,
        verdicts: &[Evaluation],
        silences: &[Silence],
        at: TimestampMs,
        is_missed: bool,
    ) -> (Vec<AlertInput>, BTreeMap<AlertKey, MutedBy>) {
        let mutes = Mutes { rules: &self.rules, silences };
        let mut suppressed = BTreeMap::new();
        let mut heard = Vec::new();
        for verdict in verdicts {
            let Some(rule) = self.rules.rules.get(verdict.rule) else { continue };
            let key = (rule.name.clone(), verdict.labels.clone());
            let kind = rule.signal.kind();
            let AlertState::Firing(firing) = verdict.state else {
                let severity = Severity::Warning;
                heard.push(AlertInput { key, since: at, kind, severity, speaks: false });
                continue;
            };
            let severity = firing.severity;
            let labels = &verdict.labels;
            let is_open =
                |rules: &[String], labels: &GroupLabels| live.engine.is_open(rules, labels);
            let dependent = || mute::is_dependent(&self.rules, rule, labels, &is_open);
            let found = mutes.suppressor(rule, severity, labels, at, dependent);
            let found = found.or(is_missed.then_some(MutedBy::Downtime));
            let is_told = severity >= rule.notify_policy.from && self.pager.holds(&key);
            suppressed.extend(found.map(|found| (key.clone(), found)));
            heard.push(AlertInput {
                key,
                since: firing.since,
                kind,
                severity,
                speaks: is_told || found.is_none(),
            });
        }
        (heard, suppressed)
    }

    fn write_cursor(&mut self, slot: Slot) -> Result<()> {
        let mut batch = TableBatch::default();
        put_cursor(&mut batch, slot);
        self.store.commit(batch)?;
        self.cursor = Some(slot);
        self.unwritten = 0;
        Ok(())
    }
}

/// A row of the evaluator. One that cannot be read, as of another version, must not keep the rules
/// from being judged: it is reported, and judging starts without it.
fn load<T: Decode<()>>(store: &Store, key: &[u8], what: &'static str) -> Result<Option<T>> {
    let Some(row) = store.get(Table::Cursor, key)? else { return Ok(None) };
    let decoded = row::decode(what, &row);
    Ok(decoded.inspect_err(|error| tracing::error!(%error, "judging starts without it")).ok())
}

fn identities(rules: &RuleSet) -> Vec<RuleIdentity> {
    rules.rules.iter().map(Rule::identity).collect()
}

fn put_cursor(batch: &mut TableBatch, slot: Slot) {
    batch.put(Table::Cursor, CURSOR_KEY, row::encode(&slot));
}
