//! From the file as written to a rule set that holds: every check, with place and remedy.

mod adapt;
mod context;
mod directory;
mod receiver;

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_storage::{Label, Outcome, check_label};
use serde_saphyr::{Location, NonFiniteFloatPolicy, Spanned};

use self::context::{Entry, claim_name, file_error};
use super::error::{Checked, Problem, RuleError};
use super::quantity::{duration_ms, share, threshold};
use super::raw::{RawDrop, RawFile, RawGauge, RawRatio, RawRule, RawSignal};
use super::{Receiver, Rule, RuleSet, Signal, SignalKind};
use crate::limits::{CLEAR_DEFAULT_MS_MAX, RULES_MAX};

/// What is watched when a file has no `rules`.
pub(super) const DEFAULT_PACK: &str = include_str!("../../packs/default.yaml");

/// `window` and `for` when the rule says nothing.
const WINDOW_DEFAULT_MS: i64 = 5 * 60_000;
const FOR_DEFAULT_MS: i64 = 5 * 60_000;
/// The part of the usual that is a drop on a holiday, when the rule says nothing.
const ON_HOLIDAY_DEFAULT: f64 = 0.06;
/// Stands for [`everyone`] in `notify`.
const EVERY_RECEIVER: &str = "*";
/// `confidence` when the rule says nothing: three failures in a row pass a 5 % limit, one of three
/// does not.
const CONFIDENCE_DEFAULT: f64 = 0.999;

/// Reads and checks a whole file.
pub(super) fn rule_set(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    base_dir: &Path,
) -> Checked<RuleSet> {
    let file = read(text)?;
    let receivers = receiver::receivers(file.receivers.unwrap_or_default(), env, base_dir)?;
    let (rules, pages) = match file.rules {
        Some(rules) => (rules, file.pages),
        None => {
            let pack = read(DEFAULT_PACK)?;
            (pack.rules.unwrap_or_default(), file.pages.or(pack.pages))
        }
    };
    let rules = self::rules(rules, &receivers)?;
    Ok(RuleSet {
        runbooks: directory::runbooks(&rules, base_dir),
        rules,
        partners: directory::partners(file.partners.unwrap_or_default())?,
        maintenance: directory::maintenance(file.maintenance.unwrap_or_default())?,
        holidays: directory::holidays(file.holidays.unwrap_or_default())?,
        pages: pages.map(adapt::pages).transpose()?,
        receivers,
    })
}

fn read(text: &str) -> Checked<RawFile> {
    // Neither a snippet of the file nor a number out of range may show a secret in the message.
    let options = serde_saphyr::options! {
        with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    let file: Option<RawFile> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error.location().unwrap_or(Location::UNKNOWN);
            Box::new(RuleError {
                file: None,
                line: place.line(),
                column: place.column(),
                entry: String::new(),
                field: None,
                problem: Problem::Shape(context::without_place(&error.to_string())),
            })
        })?;
    Ok(file.unwrap_or_default())
}

fn rules(raw: Vec<Spanned<RawRule>>, receivers: &[Receiver]) -> Checked<Vec<Rule>> {
    if raw.len() > RULES_MAX {
        return Err(file_error("rules", Problem::TooMany { count: raw.len(), limit: RULES_MAX }));
    }
    let mut names = BTreeSet::new();
    let places: Vec<_> = raw.iter().map(|raw| raw.value.name.referenced).collect();
    let rules: Vec<Rule> = raw
        .into_iter()
        .map(|raw| rule(raw.value, receivers, &mut names))
        .collect::<Checked<_>>()?;
    for (rule, place) in rules.iter().zip(places) {
        let entry = Entry::new("rule", &rule.name, place);
        let stray = |name: &&String| **name == rule.name || !names.contains(*name);
        if let Some(name) = rule.depends_on.iter().find(stray) {
            return Err(entry.error("depends_on", Problem::UnknownRule(name.clone())));
        }
    }
    Ok(rules)
}

fn rule(mut raw: RawRule, receivers: &[Receiver], names: &mut BTreeSet<String>) -> Checked<Rule> {
    let entry = claim_name("rule", &raw.name, names)?;
    let signal = raw.signal.take().ok_or_else(|| {
        entry.error("signal", Problem::Missing("what is measured, such as ratio or latency"))
    })?;
    let mut signal = checked_signal(&entry, signal)?;
    let kind = signal.kind();
    let ladder = Ladder::read(&entry, kind, raw.critical.as_ref(), raw.warning.as_ref())?;
    if let Signal::Gauge { below, .. } = &mut signal {
        *below = ladder.below;
    }
    let window_ms = duration(&entry, "window", raw.window.as_ref(), WINDOW_DEFAULT_MS)?;
    if window_ms == 0 {
        return Err(entry.error("window", Problem::DurationRange("0s".into())));
    }
    let scan = adapt::scan(&entry, kind, raw.scan.take())?;
    // An age holds by itself, and a scan weighs time already.
    let holds_itself =
        matches!(kind, SignalKind::Freshness | SignalKind::Absence | SignalKind::Run);
    let for_default_ms = if holds_itself || scan.is_some() { 0 } else { FOR_DEFAULT_MS };
    let for_ms = duration(&entry, "for", raw.hold.as_ref(), for_default_ms)?;
    let clear = raw.clear.take();
    let clear_for = clear.as_ref().and_then(|clear| clear.hold.as_ref());
    let clear_ms = duration(&entry, "clear.for", clear_for, for_ms.min(CLEAR_DEFAULT_MS_MAX))?;
    let clear_level = clear.as_ref().and_then(|clear| clear.level.as_ref());
    let clear_level = clear_level
        .map(|text| entry.parsed("clear.level", text, |text| threshold(text, kind)))
        .transpose()?;
    Ok(Rule {
        also_by: adapt::groupings(&entry, raw.also_by.take())?,
        usual: adapt::usual(&entry, kind, raw.usual.take())?,
        clear_level: clear_level.map(|level| level.value),
        clear_count: clear.and_then(|clear| clear.count).unwrap_or(1),
        keep_firing_ms: duration(&entry, "keep_firing_for", raw.keep_firing_for.as_ref(), 0)?,
        on_no_data: adapt::on_no_data(raw.on_no_data.take(), scan.is_some()),
        schedule: raw
            .schedule
            .as_ref()
            .map(|raw| adapt::schedule(&entry, "schedule", raw))
            .transpose()?,
        depends_on: raw.depends_on.take().into_iter().flatten().map(|name| name.value).collect(),
        labels: raw.labels.take().unwrap_or_default(),
        voice: adapt::voice(raw.mode.take(), raw.notify_from.take()),
        scan,
        owner: entry.needed("owner", raw.owner, "the team that answers for it")?,
        runbook: entry.needed(
            "runbook",
            raw.runbook,
            "a page, a file or a URL that says what to do",
        )?,
        signal,
        matches: entry.matches(raw.matches.unwrap_or_default())?,
        by: grouping(&entry, raw.by)?,
        window_ms,
        for_ms,
        clear_ms,
        critical: ladder.critical,
        warning: ladder.warning,
        notify: notify(&entry, raw.notify, receivers)?,
        min_count: raw.min_count.unwrap_or(0),
        confidence: confidence(&entry, raw.confidence.as_ref())?,
        name: raw.name.value,
    })
}

fn duration(
    entry: &Entry,
    field: &'static str,
    text: Option<&Spanned<String>>,
    default_ms: i64,
) -> Checked<i64> {
    text.map_or(Ok(default_ms), |text| entry.parsed(field, text, duration_ms))
}

fn checked_signal(entry: &Entry, raw: Spanned<RawSignal>) -> Checked<Signal> {
    let signal = match raw.value {
        RawSignal::Ratio(ratio) => checked_ratio(entry, ratio)?,
        RawSignal::Latency(latency) => {
            let q = latency.q.value;
            if !(q > 0.0 && q < 1.0) {
                let expected = "more than 0 and less than 1, such as 0.95";
                let problem = Problem::OutOfRange { value: q.to_string(), expected };
                return Err(entry.error_at(latency.q.referenced, "signal", problem));
            }
            Signal::Latency { q, stream: latency.stream }
        }
        RawSignal::Freshness(freshness) => Signal::Freshness { stream: freshness.stream },
        RawSignal::Drop(drop) => checked_drop(entry, drop)?,
        RawSignal::Absence(absence) => Signal::Absence { stream: absence.stream },
        RawSignal::Gauge(gauge) => checked_gauge(entry, gauge)?,
        RawSignal::Burn(burn) => Signal::Burn {
            of: classes(entry, &burn.of)?,
            stream: burn.stream,
            objective: entry.parsed("signal", &burn.objective, share)?,
        },
        RawSignal::Run(run) => Signal::Run { stream: run.stream },
    };
    check_label(signal.stream()).map_err(|error| {
        let problem =
            Problem::Shape(format!("the stream {error}; name the stream that is watched"));
        entry.error_at(raw.referenced, "signal", problem)
    })?;
    Ok(signal)
}

fn checked_drop(entry: &Entry, raw: RawDrop) -> Checked<Signal> {
    let read = |text| entry.parsed("signal", &text, |text| threshold(text, SignalKind::Drop));
    let on_holiday = raw.on_holiday.map(read).transpose()?;
    let on_holiday = on_holiday.map_or(ON_HOLIDAY_DEFAULT, |threshold| threshold.value);
    Ok(Signal::Drop { stream: raw.stream, on_holiday })
}

/// The direction of a gauge is that of its thresholds, which are read later.
fn checked_gauge(entry: &Entry, raw: RawGauge) -> Checked<Signal> {
    let read = |text| entry.parsed("signal", &text, duration_ms);
    let forecast_ms = raw.forecast.map(read).transpose()?;
    Ok(Signal::Gauge { name: raw.name, below: false, forecast_ms })
}

fn checked_ratio(entry: &Entry, raw: RawRatio) -> Checked<Signal> {
    let of = classes(entry, &raw.of)?;
    let to = raw.to.map(|to| classes(entry, &to)).transpose()?;
    // The bounds are those of a share: what is counted must be part of the whole.
    let stray = to.as_ref().and_then(|to| of.iter().find(|class| !to.contains(class)));
    if let Some(class) = stray {
        return Err(entry.error("signal", Problem::NotPartOfWhole(class.as_str())));
    }
    Ok(Signal::Ratio { of, to, stream: raw.stream })
}

fn classes(entry: &Entry, names: &[Spanned<String>]) -> Checked<Vec<Outcome>> {
    if names.is_empty() {
        return Err(entry.error("signal", Problem::EmptyList("outcome class")));
    }
    let mut classes = Vec::new();
    for name in names {
        let class = entry.parsed("signal", name, context::outcome)?;
        // Naming a class twice must not count it twice.
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    Ok(classes)
}

/// Both thresholds of a rule.
struct Ladder {
    critical: Option<f64>,
    warning: Option<f64>,
    below: bool,
}

impl Ladder {
    fn read(
        entry: &Entry,
        kind: SignalKind,
        critical: Option<&Spanned<String>>,
        warning: Option<&Spanned<String>>,
    ) -> Checked<Self> {
        let read = |field, text: Option<&Spanned<String>>| {
            text.map(|text| entry.parsed(field, text, |text| threshold(text, kind))).transpose()
        };
        let (critical, warning) = (read("critical", critical)?, read("warning", warning)?);
        let below = critical.or(warning).is_some_and(|threshold| threshold.below);
        match (critical, warning) {
            (None, None) => return Err(entry.error("critical", Problem::NoThreshold)),
            (Some(high), Some(low)) if high.below != low.below => {
                return Err(entry.error("critical", Problem::LadderDirection));
            }
            (Some(high), Some(low)) if (high.value <= low.value) != below => {
                return Err(entry.error("critical", Problem::LadderOrder));
            }
            (Some(high), Some(low)) if high.value == low.value => {
                return Err(entry.error("critical", Problem::LadderOrder));
            }
            _ => {}
        }
        let value = |threshold: Option<super::quantity::Threshold>| threshold.map(|it| it.value);
        Ok(Self { critical: value(critical), warning: value(warning), below })
    }
}

fn grouping(entry: &Entry, raw: Option<Vec<Spanned<String>>>) -> Checked<Vec<Label>> {
    let Some(names) = raw else { return Ok(vec![Label::Partner]) };
    let labels = names.iter().map(|name| entry.parsed("by", name, context::label));
    let labels: BTreeSet<Label> = labels.collect::<Result<_, _>>()?;
    Ok(labels.into_iter().collect())
}

fn notify(
    entry: &Entry,
    raw: Option<Vec<Spanned<String>>>,
    receivers: &[Receiver],
) -> Checked<Vec<String>> {
    let names = raw.ok_or_else(|| {
        entry.error("notify", Problem::Missing("the names of the receivers that are told"))
    })?;
    if names.is_empty() {
        return Err(entry.error("notify", Problem::EmptyList("receiver")));
    }
    let mut known = Vec::new();
    for name in names {
        if name.value == EVERY_RECEIVER {
            return Ok(everyone(receivers));
        }
        if receivers.iter().all(|receiver| receiver.name != name.value) {
            let problem = Problem::UnknownReceiver(name.value);
            return Err(entry.error_at(name.referenced, "notify", problem));
        }
        if !known.contains(&name.value) {
            known.push(name.value);
        }
    }
    Ok(known)
}

/// All receivers but those that are told only when others do not acknowledge.
fn everyone(receivers: &[Receiver]) -> Vec<String> {
    let later = receivers.iter().filter_map(|receiver| Some(&receiver.escalate.as_ref()?.to));
    let later: BTreeSet<&String> = later.collect();
    let first = receivers.iter().map(|receiver| &receiver.name);
    let first: BTreeSet<&String> = first.filter(|name| !later.contains(name)).collect();
    first.into_iter().cloned().collect()
}

fn confidence(entry: &Entry, raw: Option<&Spanned<f64>>) -> Checked<f64> {
    let Some(raw) = raw else { return Ok(CONFIDENCE_DEFAULT) };
    if (0.5..=0.999_999_999).contains(&raw.value) {
        return Ok(raw.value);
    }
    let expected = "0.5 to 0.999999999";
    let problem = Problem::OutOfRange { value: raw.value.to_string(), expected };
    Err(entry.error_at(raw.referenced, "confidence", problem))
}
