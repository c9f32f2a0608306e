//! Checks of rules.

use std::collections::BTreeSet;

use plimsoll_storage::{Label, SlotWidth};
use serde_saphyr::Spanned;

use crate::rule::check::context::{self, Entry, claim_name, file_error};
use crate::rule::check::references::{Names, check_circles};
use crate::rule::check::settings;
use crate::rule::check::signal::{self, Thresholds};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::RawRule;
use crate::rule::types::{DURATION_MS_MAX, Receiver, Rule, Signal, duration_ms, duration_text};

/// Rules in one file. 1,000 rules over 200 partners is the load that the engine is sized for.
const RULES_MAX: usize = 2_000;
/// Longest default of `clear.for`; a longer one must be written down, since it delays every resolve.
const CLEAR_DEFAULT_MS_MAX: i64 = 10 * 60_000;
const _: () = assert!(CLEAR_DEFAULT_MS_MAX <= DURATION_MS_MAX);
/// Why a scan has no `min_count`.
const IN_SCAN: &str = "with `scan`, which weighs few items by itself; remove it";
/// Highest `min_count`.
const MIN_COUNT_MAX: u64 = 1_000_000;
/// Defaults of `window` and `for`.
const WINDOW_DEFAULT_MS: i64 = 5 * 60_000;
const FOR_DEFAULT_MS: i64 = 5 * 60_000;
/// In `notify`: all receivers, see [`everyone`].
const EVERY_RECEIVER: &str = "*";
/// Default of `confidence`: three failures in a row exceed a limit of 5 %, one failure of three does not.
const CONFIDENCE_DEFAULT: f64 = 0.999;

/// All rules of a file.
pub(super) fn rules(
    raw: Vec<Spanned<RawRule>>,
    receivers: &[Receiver],
    width: SlotWidth,
) -> Checked<Vec<Rule>> {
    if raw.len() > RULES_MAX {
        return Err(file_error(
            "rules",
            RuleProblem::TooMany { count: raw.len(), limit: RULES_MAX },
        ));
    }
    let names: Vec<String> = raw.iter().map(|raw| raw.value.name.value.clone()).collect();
    let names = names.iter().map(String::as_str).collect();
    let known = Names { kind: "rule", section: "rules", names };
    let mut taken = BTreeSet::new();
    let mut entries = Vec::new();
    let mut rules = Vec::new();
    for Spanned { value: raw, .. } in raw {
        let entry = claim_name("rule", &raw.name, &mut taken)?;
        for name in raw.depends_on.iter().flatten() {
            known.check(&entry, "depends_on", name)?;
        }
        rules.push(rule(&entry, raw, receivers, width)?);
        entries.push(entry);
    }
    let dependencies = entries.iter().zip(&rules);
    let dependencies = dependencies.map(|(entry, it)| (entry, &*it.name, &*it.depends_on));
    check_circles(&dependencies.collect::<Vec<_>>())?;
    Ok(rules)
}

fn rule(
    entry: &Entry,
    mut raw: RawRule,
    receivers: &[Receiver],
    width: SlotWidth,
) -> Checked<Rule> {
    let signal = raw.signal.take().ok_or_else(|| {
        entry.error("signal", RuleProblem::Missing("what is measured, such as ratio or latency"))
    })?;
    let mut signal = signal::signal(entry, signal)?;
    let kind = signal.kind();
    let thresholds = Thresholds::read(entry, kind, raw.critical.as_ref(), raw.warning.as_ref())?;
    if let Signal::Gauge { below, .. } = &mut signal {
        *below = thresholds.below;
    }
    let duration = |field, text, default_ms| duration(entry, field, text, default_ms, width);
    let window_ms = duration("window", raw.window.as_ref(), WINDOW_DEFAULT_MS)?;
    if window_ms == 0 {
        return Err(entry.error("window", RuleProblem::DurationRange("0s".into())));
    }
    signal::check_reach(entry, &signal, &thresholds, (window_ms, raw.min_count), width)?;
    let scan = settings::scan(entry, kind, raw.scan.take())?;
    // An age grows with time, and a scan covers windows: neither needs `for`.
    let needs_no_for = kind.is_age();
    let for_default_ms = if needs_no_for || scan.is_some() { 0 } else { FOR_DEFAULT_MS };
    let for_ms = duration("for", raw.hold.as_ref(), for_default_ms)?;
    check_min_count(entry, raw.min_count, scan.is_some())?;
    let clear = raw.clear.take();
    let clear_for = clear.as_ref().and_then(|clear| clear.hold.as_ref());
    let clear_ms = duration("clear.for", clear_for, for_ms.min(CLEAR_DEFAULT_MS_MAX))?;
    let clear_level = clear.as_ref().and_then(|clear| clear.level.as_ref());
    let clear_level = clear_level
        .map(|text| entry.parsed("clear.level", text, |text| thresholds.clear_level(text, kind)))
        .transpose()?;
    Ok(Rule {
        also_by: settings::groupings(entry, raw.also_by.take())?,
        baseline: settings::baseline(entry, (kind, scan.is_some()), raw.usual.take())?,
        clear_level,
        clear_count: clear.as_ref().and_then(|clear| clear.count).unwrap_or(1),
        keep_firing_ms: duration("keep_firing_for", raw.keep_firing_for.as_ref(), 0)?,
        on_no_data: settings::on_no_data(raw.on_no_data.take(), scan.is_some()),
        schedule: settings::rule_hours(entry, raw.schedule.as_ref(), for_ms)?,
        depends_on: raw.depends_on.take().into_iter().flatten().map(|name| name.value).collect(),
        labels: raw.labels.take().unwrap_or_default(),
        notify_policy: settings::notify_policy(raw.mode.take(), raw.notify_from.take()),
        scan,
        owner: entry.required("owner", raw.owner, "the team that answers for it")?,
        runbook: entry.required(
            "runbook",
            raw.runbook,
            "the name of a built-in runbook, a file or a URL",
        )?,
        signal,
        matches: entry.matches(raw.matches.unwrap_or_default())?,
        by: grouping(entry, raw.by)?,
        window_ms,
        for_ms,
        clear_ms,
        critical: thresholds.critical(),
        warning: thresholds.warning(),
        notify: notify(entry, raw.notify, receivers)?,
        min_count: raw.min_count.unwrap_or(0),
        confidence: confidence(entry, raw.confidence.as_ref())?,
        name: raw.name.value,
        is_implied: false,
    })
}

/// `min_count`: a scan does not use it, and no window has more items than the highest.
fn check_min_count(entry: &Entry, min_count: Option<u64>, scans: bool) -> Checked<()> {
    match min_count {
        Some(1..) if scans => Err(entry.error("min_count", RuleProblem::NoEffect(IN_SCAN))),
        Some(count) if count > MIN_COUNT_MAX => {
            let (value, expected) = (count.to_string(), "0 to 1000000");
            Err(entry.error("min_count", RuleProblem::OutOfRange { value, expected }))
        }
        _ => Ok(()),
    }
}

fn duration(
    entry: &Entry,
    field: &'static str,
    text: Option<&Spanned<String>>,
    default_ms: i64,
    width: SlotWidth,
) -> Checked<i64> {
    text.map_or(Ok(default_ms), |text| entry.parsed(field, text, |text| whole_slots(text, width)))
}

/// A duration that is a whole number of slots: a rule is evaluated when a slot ends.
fn whole_slots(text: &str, width: SlotWidth) -> Result<i64, RuleProblem> {
    let ms = duration_ms(text)?;
    let below_ms = ms - ms % width.ms();
    if ms == below_ms {
        return Ok(ms);
    }
    let near = [below_ms, below_ms + width.ms()].into_iter().filter(|ms| *ms > 0);
    let near = near.map(duration_text).collect::<Vec<_>>().join(" or ");
    let slot = duration_text(width.ms());
    Err(RuleProblem::NotWholeSlots { text: text.to_owned(), slot, near })
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
        entry.error("notify", RuleProblem::Missing("the names of the receivers to notify"))
    })?;
    if names.is_empty() {
        return Err(entry.error("notify", RuleProblem::EmptyList("receiver")));
    }
    let known = receivers.iter().map(|receiver| receiver.name.as_str()).collect();
    let known = Names { kind: "receiver", section: "receivers", names: known };
    let mut notified = Vec::new();
    for name in names {
        if name.value == EVERY_RECEIVER {
            let everyone = everyone(receivers);
            if everyone.is_empty() && !receivers.is_empty() {
                return Err(entry.error_at(
                    name.referenced,
                    "notify",
                    RuleProblem::EveryoneEscalates,
                ));
            }
            return Ok(everyone);
        }
        known.check(entry, "notify", &name)?;
        if !notified.contains(&name.value) {
            notified.push(name.value);
        }
    }
    Ok(notified)
}

/// All receivers except those that are only notified when others do not acknowledge.
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
    let problem = RuleProblem::OutOfRange { value: raw.value.to_string(), expected };
    Err(entry.error_at(raw.referenced, "confidence", problem))
}
