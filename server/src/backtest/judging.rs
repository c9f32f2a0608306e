//! Judging on several threads. A chunk goes to every judge, what they found in it to the one who tells,
//! and that waits until all have come as far: so the threads change nothing about what is found.

use std::num::NonZero;
use std::sync::{Arc, mpsc};
use std::thread::ScopedJoinHandle;

use plimsoll_alerting::replay::{ReplayEvaluator, SlotEvaluations};
use plimsoll_alerting::silence::Silence;
use plimsoll_alerting::{ByMinute, ReplayNotifier, RuleSet, StreamNumber};
use plimsoll_storage::{SlotWidth, StreamKey};

use super::{Chunk, Found, Seen, Take, Watch, limits::CHUNKS_WAITING_MAX};

/// How history is judged.
#[derive(Debug)]
pub(super) struct Judging {
    pub(super) width: SlotWidth,
    /// Slots of which only minutes are known.
    pub(super) by_minute: Option<ByMinute>,
    /// Threads that judge, at least 1.
    pub(super) threads: usize,
    /// Nobody is told of what these cover.
    pub(super) silences: Vec<Silence>,
    /// Whether every change of state is asked for.
    pub(super) with_transitions: bool,
}

/// What one thread found in a chunk: of each of its judges the rule set it works for, and its finds.
type Finds = Vec<(usize, Vec<SlotEvaluations>)>;

/// How many threads there are cores for.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Judges everything that `read` hands on, by each of some rule sets. Answers what each found, in
/// their order, what was seen, and what `read` says of its source.
///
/// # Errors
/// Those of `read`. What was found until then would be misleading and is left out.
pub(super) fn replay<R, E>(
    rule_sets: Vec<RuleSet>,
    judging: &Judging,
    watch: &Watch<'_>,
    read: impl FnOnce(&mut Take<'_>) -> Result<R, E>,
) -> Result<(Vec<Found>, Seen, R), E> {
    let dealt = judging.deal(&rule_sets);
    let teller = |rules| {
        ReplayNotifier::new(rules, judging.with_transitions).silenced_by(judging.silences.clone())
    };
    let tellers: Vec<ReplayNotifier> = rule_sets.into_iter().map(teller).collect();
    std::thread::scope(|scope| {
        let (mut senders, mut threads, mut finds) = (Vec::new(), Vec::new(), Vec::new());
        for judges in dealt {
            let (sender, chunks) = mpsc::sync_channel::<Arc<Chunk>>(CHUNKS_WAITING_MAX);
            let (tell, found) = mpsc::sync_channel::<Finds>(CHUNKS_WAITING_MAX);
            threads.push(scope.spawn(move || judge_all(judges, &chunks, &tell)));
            senders.push(sender);
            finds.push(found);
        }
        let telling = scope.spawn(move || tell_all(tellers, &finds));
        let mut seen = Seen::default();
        let read = read(&mut |chunk| {
            seen.note(&chunk);
            let go_on = watch(chunk.progress, chunk.read);
            let chunk = Arc::new(chunk);
            go_on && senders.iter().all(|sender| sender.send(Arc::clone(&chunk)).is_ok())
        });
        drop(senders);
        threads.into_iter().for_each(joined);
        let found = joined(telling);
        Ok((found, seen, read?))
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A judge, and which rule set it works for.
struct AtWork {
    rule_set: usize,
    judge: ReplayEvaluator,
    streams: Vec<StreamNumber>,
}

impl Judging {
    /// The rules of each set shared by so many judges that every thread has one, and these dealt out.
    fn deal(&self, rule_sets: &[RuleSet]) -> Vec<Vec<AtWork>> {
        let threads = self.threads.max(1);
        let judges = threads.div_ceil(rule_sets.len().max(1));
        let mut dealt: Vec<Vec<AtWork>> = Vec::new();
        dealt.resize_with(threads, Vec::new);
        let all = rule_sets.iter().enumerate().flat_map(|(rule_set, rules)| {
            let share =
                ReplayEvaluator::share(rules, self.width, self.by_minute, judges).into_iter();
            share.map(move |judge| AtWork { rule_set, judge, streams: Vec::new() })
        });
        for (number, at_work) in all.enumerate() {
            dealt[number % threads].push(at_work);
        }
        dealt.retain(|judges| !judges.is_empty());
        dealt
    }
}

fn judge_all(
    mut judges: Vec<AtWork>,
    chunks: &mpsc::Receiver<Arc<Chunk>>,
    tell: &mpsc::SyncSender<Finds>,
) {
    for chunk in chunks {
        let finds = judges.iter_mut().map(|at_work| (at_work.rule_set, at_work.take(&chunk)));
        if tell.send(finds.collect()).is_err() {
            return;
        }
    }
    let rest = judges.iter_mut().map(|AtWork { rule_set, judge, .. }| {
        judge.judge_rest();
        (*rule_set, judge.take_found())
    });
    // When nobody listens, the one who did has panicked, and that is told.
    let _ = tell.send(rest.collect());
}

/// Hears of chunk after chunk what every thread found in it.
fn tell_all(mut tellers: Vec<ReplayNotifier>, finds: &[mpsc::Receiver<Finds>]) -> Vec<Found> {
    loop {
        let chunk: Vec<Finds> = finds.iter().filter_map(|found| found.recv().ok()).collect();
        if chunk.is_empty() {
            break;
        }
        let mut heard: Vec<Vec<SlotEvaluations>> = Vec::new();
        heard.resize_with(tellers.len(), Vec::new);
        for (rule_set, found) in chunk.into_iter().flatten() {
            heard[rule_set].extend(found);
        }
        tellers.iter_mut().zip(heard).for_each(|(teller, heard)| teller.hear(heard));
    }
    let found = tellers.into_iter().map(|teller| {
        let (alerts, transitions) = teller.finish();
        Found { alerts, transitions }
    });
    found.collect()
}

impl AtWork {
    /// Judges what is due before each arrival, and takes note of it then: a judgement never knows
    /// what came later.
    fn take(&mut self, chunk: &Chunk) -> Vec<SlotEvaluations> {
        let Self { judge, streams, .. } = self;
        let number = |key: &StreamKey| judge.stream(key.as_ref());
        streams.extend(chunk.new_streams.iter().map(number));
        for arrival in &chunk.arrivals {
            judge.advance(arrival.at);
            if let Some(stream) = streams.get(arrival.stream as usize) {
                judge.observe(*stream, arrival.slot, &arrival.value);
            }
        }
        if let Some(until) = chunk.until {
            judge.advance(until);
        }
        judge.take_found()
    }
}
