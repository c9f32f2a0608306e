//! One backtest on a server: what is asked, and what is answered.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use plimsoll_alerting::report::Incident;
use plimsoll_alerting::{
    DeliveryControl, Receiver, ReplayedAlert, RuleSet, delivery_of_drill, show,
};
use plimsoll_storage::{Label, LabelMatchers, Store, StreamKind, TimestampMs};
use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{DRILL_ALERTS_MAX, JOB_ALERTS_MAX, JOB_REST, JOB_TIME_MAX};
use super::report::{AlertLine, ComparisonLine, ScoreBody, compare, html, score};
use super::variants::suggest::{SuggestRequest, Suggestion, suggest};
use super::variants::sweep::{Sweep, SweepLine};
use super::{History, HistoryError, ReadSummary, Replay, ReplayOptions, replay};
use crate::wire::alerting::delivery::{DrillMessage, PreviewBody};
use crate::wire::time;

/// A backtest to run.
#[derive(Debug)]
pub(crate) struct JobRequest {
    pub(crate) rules: RuleSet,
    pub(crate) partners: LabelMatchers,
    /// Only what this drill pushed into the sandbox; without a drill the sandbox is left out.
    pub(crate) drill: Option<Drill>,
    pub(crate) from: Option<TimestampMs>,
    pub(crate) to: Option<TimestampMs>,
    pub(crate) question: Question,
}

/// A drill, and how its notifications are made.
#[derive(Debug)]
pub(crate) struct Drill {
    /// The release of its streams.
    pub(crate) release: String,
    /// What links begin with.
    pub(crate) base_url: Arc<str>,
    /// A receiver that is notified of its alerts.
    pub(crate) notify: Option<(String, DeliveryControl)>,
}

/// What is asked about the rules.
#[derive(Debug)]
pub(crate) enum Question {
    /// Which alerts they find.
    Alerts {
        incidents: Option<Vec<Incident>>,
        /// Whether the result has an HTML page with charts.
        with_page: bool,
    },
    /// How their notifications differ from those of other rules.
    Against { rules: RuleSet, with_page: bool },
    /// What a rule finds at other thresholds.
    Sweep(Sweep),
    /// Which threshold a rule should have.
    Suggest(SuggestRequest),
}

/// What a backtest found.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ResultBody {
    /// Cells of the database that were evaluated.
    cells: u64,
    /// Slots before this have expired, so their minutes were evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_minute_until: Option<String>,
    /// Damaged places whose cells are missing; left out when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damaged: Vec<String>,
    /// In the order of firing; empty with `against`, `sweep` and `suggest`.
    alerts: Vec<AlertLine>,
    /// Number of further alerts that were left out.
    alerts_left_out: usize,
    /// What each receiver would get of the alerts of a drill.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<DrillMessage>,
    /// Partners that were named and of which nothing is stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_partners: Vec<String>,
    /// How good the alerts are, if incidents were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<ScoreBody>,
    /// The notifications of both rules files, with `against`.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Vec<ComparisonLine>>,
    /// Each variant of the rule, with `sweep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<Vec<SweepLine>>,
    /// The suggested threshold, with `suggest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<Suggestion>,
    /// The result as a self-contained HTML page with charts, if it was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl ResultBody {
    fn new(read: &ReadSummary) -> Self {
        let ReadSummary::Cells { count, by_minute_until, damaged } = read else {
            return Self::default();
        };
        let by_minute_until = by_minute_until.map(time::format);
        Self { cells: *count, by_minute_until, damaged: damaged.clone(), ..Self::default() }
    }
}

/// Receives the share of the work that is done, and returns whether to continue.
type OnProgress<'p> = dyn Fn(f64) -> bool + 'p;

impl JobRequest {
    /// Runs it over what a store holds. Once `on_progress` returns `false`, the result has no meaning.
    ///
    /// # Errors
    /// The store cannot be read, or it takes too long.
    pub(super) fn run(
        self,
        store: &Arc<Store>,
        on_progress: &OnProgress<'_>,
    ) -> Result<ResultBody, String> {
        let Self { rules, partners, drill, from, to, question } = self;
        let history = History::stored(Arc::clone(store)).narrowed(partners, to);
        let history = history.of_drill(drill.as_ref().map(|drill| drill.release.clone()));
        let replays = if matches!(question, Question::Suggest(_)) { 2.0 } else { 1.0 };
        let unknown_partners = unknown_partners(&history, store);
        let restful = RestfulReplay::new(&history, replays, on_progress)?;
        let mut replay = |rule_sets| restful.replay(rule_sets);
        let result = match question {
            Question::Alerts { incidents, with_page } => {
                let drill = drill.as_ref().map(|drill| (drill, &**store));
                alerts(&history, &rules, (from, drill), (incidents, with_page), &mut replay)
            }
            Question::Against { rules: other, with_page } => {
                against(&history, [rules, other], from, with_page, &mut replay)
            }
            Question::Sweep(sweep) => {
                let replayed = replay(sweep.rule_sets(&rules)).map_err(|it| it.to_string())?;
                let lines = sweep.lines(&rules, &replayed, history.width(), from);
                Ok(ResultBody { sweep: Some(lines), ..ResultBody::new(&replayed.read) })
            }
            Question::Suggest(request) => {
                let (suggestion, read) = suggest(&request, &rules, &history, from, &mut replay)?;
                Ok(ResultBody { suggestion: Some(suggestion), ..ResultBody::new(&read) })
            }
        };
        if restful.has_run_out() {
            let minutes = JOB_TIME_MAX.as_secs() / 60;
            return Err(format!("it took longer than {minutes} minutes; narrow it to partners"));
        }
        result.map(|result| ResultBody { unknown_partners, ..result })
    }
}

/// Partners that the history names and of which nothing is stored.
fn unknown_partners(history: &History, store: &Store) -> Vec<String> {
    let is_unknown = |name: &String| {
        let labels = LabelMatchers::any_of(Label::Partner, [name]);
        let kinds = [StreamKind::Activity, StreamKind::Gauge];
        kinds.iter().all(|kind| store.select(*kind, None, &labels).is_empty())
    };
    let mut named = history.unknown_partners(&BTreeSet::new());
    named.retain(is_unknown);
    named
}

/// Replays some rule sets over the history of a job.
type ReplayAll<'j> = dyn FnMut(Vec<RuleSet>) -> Result<Replay, HistoryError> + 'j;

fn alerts(
    history: &History,
    rules: &RuleSet,
    (from, drill): (Option<TimestampMs>, Option<(&Drill, &Store)>),
    (incidents, with_page): (Option<Vec<Incident>>, bool),
    replay: &mut ReplayAll<'_>,
) -> Result<ResultBody, String> {
    let replayed = replay(vec![rules.clone()]).map_err(|error| error.to_string())?;
    let Replay { mut results, scope, read } = replayed;
    let mut alerts = results.pop().unwrap_or_default().alerts;
    let score = incidents.map(|it| score(&alerts, &it, &scope, history.width(), from));
    alerts.retain(|alert| from.is_none_or(|from| alert.fired_at >= from));
    let scored = (&alerts[..], score.as_ref());
    let page = with_page.then(|| html::of(history, rules, scored, (&scope, &read), from));
    let messages = drill.map(|(drill, store)| drill.messages((store, rules), &alerts));
    Ok(ResultBody {
        messages: messages.transpose().map_err(|error| error.to_string())?.unwrap_or_default(),
        alerts: alerts.iter().take(JOB_ALERTS_MAX).map(AlertLine::new).collect(),
        alerts_left_out: alerts.len().saturating_sub(JOB_ALERTS_MAX),
        score: score.as_ref().map(ScoreBody::from),
        page: page.transpose().map_err(|error| error.to_string())?,
        ..ResultBody::new(&read)
    })
}

impl Drill {
    /// What each receiver would get of the first alert of each rule: the others share its notification. The
    /// receiver that is to be notified gets each.
    fn messages(
        &self,
        (store, rules): (&Store, &RuleSet),
        alerts: &[ReplayedAlert],
    ) -> plimsoll_alerting::Result<Vec<DrillMessage>> {
        let mut messages = Vec::new();
        let mut rules_seen = BTreeSet::new();
        let firsts = alerts.iter().filter(|alert| rules_seen.insert(&alert.rule));
        for alert in firsts.take(DRILL_ALERTS_MAX) {
            let made = |receiver: &Receiver| {
                let (release, base_url) = (&self.release, &self.base_url);
                delivery_of_drill((store, rules), alert, release, receiver, base_url)
            };
            let names = rules.rule(&alert.rule).map(|rule| rule.notify.as_slice());
            let receivers = names.unwrap_or_default().iter();
            for receiver in receivers.filter_map(|name| rules.receiver(name)) {
                let Some(delivery) = made(receiver) else { continue };
                let shown = show(receiver, &delivery, alert.fired_at);
                let message = PreviewBody::new(receiver, shown, &self.base_url);
                messages.push(DrillMessage { rule: alert.rule.clone(), message });
            }
            if let Some((name, control)) = &self.notify
                && let Some(delivery) = control.receiver(name).and_then(made)
            {
                control.send_drill(&delivery)?;
            }
        }
        Ok(messages)
    }
}

fn against(
    history: &History,
    rule_sets: [RuleSet; 2],
    from: Option<TimestampMs>,
    with_page: bool,
    replay: &mut ReplayAll<'_>,
) -> Result<ResultBody, String> {
    let replayed = replay(rule_sets.into()).map_err(|error| error.to_string())?;
    let comparison = compare(&replayed.results, from);
    let page = with_page.then(|| {
        let span = replayed.scope.span(history.width(), from);
        html::comparison(&comparison, ("A", "B"), &replayed.read.to_string(), span)
    });
    let comparison = Some(comparison.lines());
    Ok(ResultBody { comparison, page, ..ResultBody::new(&replayed.read) })
}

/// Replays on one thread that pauses as long as it works, so that pushes and queries have at least half of
/// its core.
struct RestfulReplay<'j> {
    history: &'j History,
    slots: u64,
    /// How many replays there will be, at most.
    replays: f64,
    done: Cell<f64>,
    started: Instant,
    on_progress: &'j OnProgress<'j>,
}

impl<'j> RestfulReplay<'j> {
    fn new(
        history: &'j History,
        replays: f64,
        on_progress: &'j OnProgress<'j>,
    ) -> Result<Self, String> {
        let slots = history.slot_count().map_err(|error| error.to_string())?.max(1);
        let (done, started) = (Cell::new(0.0), Instant::now());
        Ok(Self { history, slots, replays, done, started, on_progress })
    }

    fn replay(&self, rule_sets: Vec<RuleSet>) -> Result<Replay, HistoryError> {
        let worked = Cell::new(Instant::now());
        let options = ReplayOptions { threads: 1, with_transitions: false };
        let replayed = replay(self.history, rule_sets, options, &|position, _| {
            std::thread::sleep(worked.get().elapsed().min(JOB_REST));
            worked.set(Instant::now());
            let progress = (self.done.get() + position as f64 / self.slots as f64) / self.replays;
            (self.on_progress)(progress) && !self.has_run_out()
        });
        self.done.set(self.done.get() + 1.0);
        replayed
    }

    fn has_run_out(&self) -> bool {
        self.started.elapsed() >= JOB_TIME_MAX
    }
}
