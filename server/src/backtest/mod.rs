//! Backtests: rules replayed over what really happened, by the code that judges live.
//!
//! A [`History`] says what became known when, in chunks: a [`recording`] of pushed items, or what is
//! [`stored`]. One thread reads and checks it, others judge, each its share of the rule sets; between
//! them wait a few chunks, so the memory is that of the rules' windows, however long the history is.
//! [`report`] prints what was found.

mod batch;
pub(crate) mod compare;
mod history;
pub(crate) mod html;
pub(crate) mod jobs;
pub(crate) mod limits;
mod line;
pub(crate) mod posted;
pub(crate) mod recording;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod signals;
mod source;
pub(crate) mod stored;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;
pub(crate) mod variant;

use std::{
    collections::BTreeSet,
    num::NonZero,
    sync::{Arc, mpsc},
};

use plimsoll_alerting::{
    Action, Event, Replay, ReplayedAlert, RuleSet, StreamNumber, silence::Silence,
};
use plimsoll_storage::{Label, Slot, SlotWidth, StreamKey, StreamRef, TimestampMs};

pub(crate) use history::{History, HistoryError, Told};
use limits::CHUNKS_WAITING_MAX;
pub(crate) use source::Chunk;

/// Takes chunks of a source. Answers whether more are wanted.
pub(crate) type Take<'t> = dyn FnMut(Chunk) -> bool + 't;

/// Hears how far the reading is: the position, and lines or cells so far. Answers whether to go on.
pub(crate) type Watch<'w> = dyn Fn(u64, u64) -> bool + 'w;

/// What one rule set found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) alerts: Vec<ReplayedAlert>,
    /// Every change of state, when they were asked for.
    pub(crate) transitions: Vec<Event>,
}

/// When someone was told that an alert began; what several receivers are told at once is one moment.
pub(crate) fn begins(alert: &ReplayedAlert) -> Vec<TimestampMs> {
    let began = alert.notifications.iter().filter(|one| one.action == Action::Trigger);
    let mut moments: Vec<TimestampMs> = began.map(|one| one.at).collect();
    moments.dedup();
    moments
}

/// What was there to be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// First and last slot of which anything is known.
    pub(crate) slots: Option<(Slot, Slot)>,
    pub(crate) partners: BTreeSet<String>,
}

impl Seen {
    fn note(&mut self, chunk: &Chunk) {
        let partners = chunk.new_streams.iter().map(|key| key.as_ref().labels);
        self.partners.extend(partners.map(|labels| labels[Label::Partner as usize].to_owned()));
        for arrival in &chunk.arrivals {
            let (first, last) = self.slots.unwrap_or((arrival.slot, arrival.slot));
            self.slots = Some((first.min(arrival.slot), last.max(arrival.slot)));
        }
    }
}

/// How a history is judged.
#[derive(Debug, Default)]
pub(crate) struct Setting {
    pub(crate) rule_sets: Vec<RuleSet>,
    /// Nobody is told of what these cover.
    pub(crate) silences: Vec<Silence>,
    pub(crate) with_transitions: bool,
}

/// Judges everything that `read` hands on, by each of some rule sets. Answers what each found, in
/// their order, what was seen, and what `read` says of its source.
///
/// # Errors
/// Those of `read`. What was found until then would be misleading and is left out.
pub(crate) fn replay<R, E>(
    setting: Setting,
    width: SlotWidth,
    watch: &Watch<'_>,
    read: impl FnOnce(&mut Take<'_>) -> Result<R, E>,
) -> Result<(Vec<Found>, Seen, R), E> {
    let judges = judges(setting, width);
    std::thread::scope(|scope| {
        let (senders, threads): (Vec<_>, Vec<_>) = judges
            .into_iter()
            .map(|judges| {
                let (sender, chunks) = mpsc::sync_channel::<Arc<Chunk>>(CHUNKS_WAITING_MAX);
                (sender, scope.spawn(move || judge_all(judges, &chunks)))
            })
            .unzip();
        let mut seen = Seen::default();
        let read = read(&mut |chunk| {
            seen.note(&chunk);
            let go_on = watch(chunk.progress, chunk.read);
            let chunk = Arc::new(chunk);
            go_on && senders.iter().all(|sender| sender.send(Arc::clone(&chunk)).is_ok())
        });
        drop(senders);
        let mut found: Vec<(usize, Found)> = threads.into_iter().flat_map(joined).collect();
        found.sort_by_key(|(position, _)| *position);
        Ok((found.into_iter().map(|(_, found)| found).collect(), seen, read?))
    })
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// One rule set at work, with its position among all.
struct Judge {
    position: usize,
    replay: Replay,
    streams: Vec<StreamNumber>,
    transitions: Vec<Event>,
}

/// The rule sets, dealt out to as many threads as there are cores.
fn judges(setting: Setting, width: SlotWidth) -> Vec<Vec<Judge>> {
    let Setting { rule_sets, silences, with_transitions } = setting;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut dealt: Vec<Vec<Judge>> = Vec::new();
    dealt.resize_with(cores.min(rule_sets.len()), Vec::new);
    for (position, rules) in rule_sets.into_iter().enumerate() {
        let replay = Replay::new(rules, width).silenced_by(silences.clone());
        let replay = if with_transitions { replay.with_transitions() } else { replay };
        let judge = Judge { position, replay, streams: Vec::new(), transitions: Vec::new() };
        let threads = dealt.len();
        dealt[position % threads].push(judge);
    }
    dealt
}

fn judge_all(mut judges: Vec<Judge>, chunks: &mpsc::Receiver<Arc<Chunk>>) -> Vec<(usize, Found)> {
    for chunk in chunks {
        judges.iter_mut().for_each(|judge| judge.take(&chunk));
    }
    judges.into_iter().map(Judge::finish).collect()
}

impl Judge {
    /// Judges what is due before each arrival, and takes note of it then: a judgement never knows
    /// what came later.
    fn take(&mut self, chunk: &Chunk) {
        let Self { replay, streams, .. } = self;
        let as_stream = |key: &StreamKey| -> StreamNumber {
            let stream: StreamRef<'_> = key.as_ref();
            replay.stream(stream)
        };
        streams.extend(chunk.new_streams.iter().map(as_stream));
        for arrival in &chunk.arrivals {
            replay.advance(arrival.at);
            if let Some(stream) = streams.get(arrival.stream as usize) {
                replay.observe(*stream, arrival.slot, &arrival.value);
            }
        }
        self.transitions.extend(replay.take_transitions());
    }

    fn finish(mut self) -> (usize, Found) {
        self.replay.judge_rest();
        self.transitions.extend(self.replay.take_transitions());
        let found = Found { alerts: self.replay.finish(), transitions: self.transitions };
        (self.position, found)
    }
}
