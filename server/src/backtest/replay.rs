//! Replays a history on several threads. Every evaluating thread gets every chunk and evaluates its share of
//! the rules. The thread that notifies waits until all of them have evaluated a chunk, so the number of
//! threads does not change the results.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::ScopedJoinHandle;

use plimsoll_alerting::silence::Silence;
use plimsoll_alerting::{
    ByMinute, ReplayEvaluator, ReplayNotifier, RuleSet, SlotEvaluations, StreamNumber,
};
use plimsoll_storage::{SlotValue, SlotWidth, StreamKey};

use super::history::{Chunk, History, HistoryError, ReadSummary};
use super::limits::CHUNKS_WAITING_MAX;
use super::results::{ReplayResult, ReplayedScope};

/// How a history is replayed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplayOptions {
    /// Threads that evaluate, at least 1.
    pub(crate) threads: usize,
    /// Whether results hold every change of state.
    pub(crate) with_transitions: bool,
}

/// What a replay found.
#[derive(Debug)]
pub(crate) struct Replay {
    /// By rule set, in their order.
    pub(crate) results: Vec<ReplayResult>,
    pub(crate) scope: ReplayedScope,
    pub(crate) read: ReadSummary,
}

/// Receives the position in the history and the lines or cells read so far. Returns whether to continue.
pub(crate) type OnProgress<'p> = dyn Fn(u64, u64) -> bool + 'p;

/// The evaluations of one thread for a chunk: of each of its evaluators, with the number of its rule set.
type ChunkEvaluations = Vec<(usize, Vec<SlotEvaluations>)>;

/// How many threads there are cores for.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Evaluates each of some rule sets over a history.
///
/// # Errors
/// The history cannot be read to its end. What was found until then would be misleading and is dropped.
pub(crate) fn replay(
    history: &History,
    rule_sets: Vec<RuleSet>,
    options: ReplayOptions,
    on_progress: &OnProgress<'_>,
) -> Result<Replay, HistoryError> {
    let silences = history.silences()?;
    let shares = share(&rule_sets, history.width(), history.by_minute()?, options.threads.max(1));
    let notifiers =
        rule_sets.into_iter().map(|rules| notifier(rules, options, &silences)).collect();
    std::thread::scope(|scope| {
        let (mut senders, mut threads, mut receivers) = (Vec::new(), Vec::new(), Vec::new());
        for workers in shares {
            let (sender, chunks) = sync_channel::<Arc<Chunk>>(CHUNKS_WAITING_MAX);
            let (evaluated, receiver) = sync_channel::<ChunkEvaluations>(CHUNKS_WAITING_MAX);
            threads.push(scope.spawn(move || evaluate_chunks(workers, &chunks, &evaluated)));
            senders.push(sender);
            receivers.push(receiver);
        }
        let notifying = scope.spawn(move || notify_chunks(notifiers, &receivers));
        let mut replayed = ReplayedScope::default();
        let read = history.read(&mut |chunk| {
            replayed.add(&chunk);
            let continues = on_progress(chunk.progress, chunk.read);
            let chunk = Arc::new(chunk);
            continues && senders.iter().all(|sender| sender.send(Arc::clone(&chunk)).is_ok())
        });
        drop(senders);
        threads.into_iter().for_each(joined);
        Ok(Replay { results: joined(notifying), scope: replayed, read: read? })
    })
}

fn notifier(rules: RuleSet, options: ReplayOptions, silences: &[Silence]) -> ReplayNotifier {
    ReplayNotifier::new(rules, options.with_transitions).with_silences(silences.to_vec())
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// An evaluator and the number of its rule set.
struct Worker {
    rule_set: usize,
    evaluator: ReplayEvaluator,
    streams: Vec<StreamNumber>,
}

/// The workers of each thread: the rules of each set are shared by so many evaluators that every thread has
/// one.
fn share(
    rule_sets: &[RuleSet],
    width: SlotWidth,
    by_minute: Option<ByMinute>,
    threads: usize,
) -> Vec<Vec<Worker>> {
    let evaluators = threads.div_ceil(rule_sets.len().max(1));
    let mut shares: Vec<Vec<Worker>> = Vec::new();
    shares.resize_with(threads, Vec::new);
    let workers = rule_sets.iter().enumerate().flat_map(|(rule_set, rules)| {
        let evaluators = ReplayEvaluator::share(rules, width, by_minute, evaluators).into_iter();
        evaluators.map(move |evaluator| Worker { rule_set, evaluator, streams: Vec::new() })
    });
    for (number, worker) in workers.enumerate() {
        shares[number % threads].push(worker);
    }
    shares.retain(|workers| !workers.is_empty());
    shares
}

fn evaluate_chunks(
    mut workers: Vec<Worker>,
    chunks: &Receiver<Arc<Chunk>>,
    evaluated: &SyncSender<ChunkEvaluations>,
) {
    for chunk in chunks {
        let evaluations = workers.iter_mut().map(|it| (it.rule_set, it.evaluate(&chunk)));
        if evaluated.send(evaluations.collect()).is_err() {
            return;
        }
    }
    let rest = workers.iter_mut().map(|worker| {
        worker.evaluator.evaluate_rest();
        (worker.rule_set, worker.evaluator.take_evaluations())
    });
    // Nobody receives only if the notifying thread has panicked, and that panic is passed on.
    let _ = evaluated.send(rest.collect());
}

/// Notifies chunk by chunk of what all threads found in it.
fn notify_chunks(
    mut notifiers: Vec<ReplayNotifier>,
    receivers: &[Receiver<ChunkEvaluations>],
) -> Vec<ReplayResult> {
    loop {
        let chunk: Vec<ChunkEvaluations> =
            receivers.iter().filter_map(|receiver| receiver.recv().ok()).collect();
        if chunk.is_empty() {
            break;
        }
        let mut by_rule_set: Vec<Vec<SlotEvaluations>> = Vec::new();
        by_rule_set.resize_with(notifiers.len(), Vec::new);
        for (rule_set, evaluations) in chunk.into_iter().flatten() {
            by_rule_set[rule_set].extend(evaluations);
        }
        notifiers.iter_mut().zip(by_rule_set).for_each(|(notifier, found)| notifier.notify(found));
    }
    let results = notifiers.into_iter().map(|notifier| {
        let (alerts, transitions) = notifier.finish();
        ReplayResult { alerts, transitions }
    });
    results.collect()
}

impl Worker {
    /// Evaluates what is due before each arrival, and observes the arrival then: an evaluation never knows
    /// what came later.
    fn evaluate(&mut self, chunk: &Chunk) -> Vec<SlotEvaluations> {
        let Self { evaluator, streams, .. } = self;
        let number = |key: &StreamKey| evaluator.stream(key.as_ref());
        streams.extend(chunk.new_streams.iter().map(number));
        let mut steps = chunk.steps.iter().peekable();
        for (position, arrival) in chunk.arrivals.iter().enumerate() {
            evaluator.advance(arrival.at);
            while let Some(step) = steps.next_if(|step| step.arrival == position) {
                if let Some(stream) = streams.get(step.stream as usize) {
                    evaluator.set_step(*stream, step.step_slots);
                }
            }
            if let Some(stream) = streams.get(arrival.stream as usize) {
                match &arrival.value {
                    SlotValue::Activity(summary) if arrival.slots > 1 => {
                        let covered = (arrival.slot, arrival.slots);
                        evaluator.observe_summary(*stream, covered, summary);
                    }
                    value => evaluator.observe(*stream, arrival.slot, value),
                }
            }
        }
        if let Some(until) = chunk.until {
            evaluator.advance(until);
        }
        evaluator.take_evaluations()
    }
}
