//! What a notification says, in the words of a person: who, what, how bad and since when in one line; where;
//! and, of an alert that has ended, why, for how long and how bad it was.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use plimsoll_storage::{Label, Outcome, TimestampMs};

use super::fault::Fault;
use super::fault::place::Part;
use super::units::{self, duration};
use crate::engine::StateReason;
use crate::labels::{GroupLabels, PRODUCTION, SANDBOX};
use crate::records::alerts::Alert;
use crate::rule::{Rule, Signal, SignalKind};

/// Classes that a headline names.
const CLASSES_MAX: usize = 3;
/// A class is named when it has at least this part of the bad items.
const CLASS_SHARE_MIN: f64 = 0.1;
/// Partners that a headline names.
const PARTNERS_NAMED_MAX: usize = 8;
/// An onset is named with its uncertainty from this on, in ms.
const UNCERTAIN_MS: i64 = 60_000;

/// An alert with its rule and what is known of its fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) alert: &'a Alert,
    /// `None` when the rules file no longer has it.
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) fault: &'a Fault,
    /// When the message is made.
    pub(crate) at: TimestampMs,
}

/// Several partners that fail together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Together<'a> {
    pub(crate) partners: &'a BTreeSet<String>,
    /// What they are, when they are of one kind: `carrier`.
    pub(crate) kind: Option<&'a str>,
}

impl Case<'_> {
    /// `dhl create_label at ams1: 5xx on 31% of requests (41 of 132 in 10m, limit 5%) since 17:46 UTC`.
    pub(crate) fn headline(&self, together: Option<&Together<'_>>) -> String {
        if let Some(together) = together {
            return self.headline_of(together);
        }
        let who = self.who(None);
        match self.ended() {
            None => format!("{who}: {}{}", self.symptom(), self.since()),
            Some(ended) => format!("{who}: {} {ended}", self.cause()),
        }
    }

    /// Who has the fault: `dhl create_label at ams1, release 2.4.1`, or `5 carriers at ams1`.
    pub(crate) fn who(&self, together: Option<&Together<'_>>) -> String {
        let Some(Together { partners, kind }) = together else {
            let subject = subject(&self.alert.labels, &self.fault.parts);
            return if subject.is_empty() { "all partners".to_owned() } else { subject };
        };
        let place = subject(&GroupLabels::default(), &self.common_parts());
        let who = format!("{} {}s", partners.len(), kind.unwrap_or("partner"));
        if place.is_empty() { who } else { format!("{who} {place}") }
    }

    /// `5 carriers at ams1: 5xx on 31% of requests since 17:46 UTC: dhl, dpd, gls, hermes and ups; one site,
    /// look there first`.
    fn headline_of(&self, together: &Together<'_>) -> String {
        let partners = together.partners;
        let mut names: Vec<&str> =
            partners.iter().take(PARTNERS_NAMED_MAX).map(String::as_str).collect();
        let more = format!("{} more", partners.len().saturating_sub(PARTNERS_NAMED_MAX));
        if partners.len() > PARTNERS_NAMED_MAX {
            names.push(&more);
        }
        let look = self.common_parts().last().map_or_else(String::new, |part| {
            format!("; one {}, look there first", part.label.as_str())
        });
        let (who, since) = (self.who(Some(together)), self.since());
        // Without the numbers behind it, so that the names fit in.
        let symptom = self.symptom();
        let symptom = symptom.split(" (").next().unwrap_or_default();
        format!("{who}: {symptom}{since}: {}{look}", listed(&names))
    }

    /// Parts that set the fault of several partners apart.
    pub(super) fn common_parts(&self) -> Vec<Part> {
        let parts = self.fault.parts.iter();
        parts.filter(|part| part.elsewhere.all > 0 && part.values.len() == 1).cloned().collect()
    }

    /// When the fault began.
    pub(crate) fn onset_at(&self) -> TimestampMs {
        self.fault.onset.map_or(self.alert.pending_at, |onset| onset.at)
    }

    pub(super) fn signal(&self) -> Option<&Signal> {
        self.rule.map(|rule| &rule.signal)
    }

    pub(super) fn stream(&self) -> &str {
        self.signal().map_or("", Signal::stream)
    }

    fn limit(&self) -> String {
        units::value(self.alert.signal, self.alert.latest.threshold)
    }

    fn value(&self) -> String {
        units::value(self.alert.signal, self.alert.latest.value)
    }

    /// What goes wrong, without numbers: `5xx or timeouts on requests`.
    pub(crate) fn cause(&self) -> String {
        let stream = self.stream();
        match self.signal() {
            None => self.alert.symptom.replace('+', " or "),
            Some(Signal::Ratio { .. } | Signal::Burn { .. }) => {
                format!("{} on {stream}", self.classes())
            }
            Some(Signal::Latency { .. }) => format!("slow {stream}"),
            Some(Signal::Freshness { .. }) => format!("no new {stream}"),
            Some(Signal::Drop { .. }) => format!("few {stream}"),
            Some(Signal::Absence { .. }) => format!("silence on {stream}"),
            Some(Signal::Gauge { below: true, .. }) => format!("low {stream}"),
            Some(Signal::Gauge { .. }) => format!("high {stream}"),
            Some(Signal::Run { .. }) => format!("missed {stream}"),
        }
    }

    /// What goes wrong, with its numbers.
    pub(crate) fn symptom(&self) -> String {
        let (stream, value, limit) = (self.stream(), self.value(), self.limit());
        let window = duration(self.alert.window_ms);
        match self.signal() {
            None => format!("{} {value} (limit {limit})", self.cause()),
            Some(Signal::Ratio { .. }) => {
                let (share, counts) = self.share();
                format!("{} on {share} of {stream} ({counts}, limit {limit})", self.classes())
            }
            Some(Signal::Burn { .. }) => {
                let share = match self.fault.tally {
                    tally if tally.all == 0 => String::new(),
                    _ => format!(" ({}: {})", self.share().0, self.share().1),
                };
                format!(
                    "{} on {stream}{share} use the error budget {value} as fast as allowed (limit {limit})",
                    self.classes()
                )
            }
            Some(Signal::Latency { q, .. }) => {
                let quantile = self.fault.quantile_s.unwrap_or(self.alert.latest.value);
                let quantile = units::value(SignalKind::Latency, quantile);
                let name = (q * 1e5).round() / 1e3;
                let counts = match self.fault.tally {
                    tally if tally.all == 0 => format!("{} in {window}", self.alert.latest.count),
                    tally => {
                        let (bad, all) = (units::grouped(tally.bad), units::grouped(tally.all));
                        format!("{bad} of {all} slower in {}", duration(self.fault.span_ms))
                    }
                };
                format!("slow {stream}, p{name} {quantile} (limit {limit}; {counts})")
            }
            Some(Signal::Freshness { .. } | Signal::Absence { .. }) if self.is_never_seen() => {
                format!("no {stream} has ever come (limit {limit})")
            }
            Some(Signal::Freshness { .. }) => format!("no {stream} for {value} (limit {limit})"),
            Some(Signal::Absence { .. }) => {
                format!("nothing was reported of {stream} for {value} (limit {limit})")
            }
            Some(Signal::Drop { .. }) => {
                let count = units::grouped(self.alert.latest.count);
                format!("{stream} at {value} ({count} in {window}, limit {limit})")
            }
            Some(Signal::Gauge { name, forecast_ms: None, .. }) => {
                format!("{name} at {value} (limit {limit})")
            }
            Some(Signal::Gauge { name, forecast_ms: Some(ahead_ms), .. }) => {
                format!("{name} will be at {value} in {} (limit {limit})", duration(*ahead_ms))
            }
            Some(Signal::Run { .. }) => {
                format!("no successful run of {stream} for {value} (limit {limit})")
            }
        }
    }

    /// Whether an age counts from when its first event was expected.
    pub(super) fn is_never_seen(&self) -> bool {
        self.alert.latest.count == 0
    }

    /// ` since 17:46 UTC`.
    fn since(&self) -> String {
        if self.is_never_seen() && self.alert.signal.is_age() {
            return format!(", expected since {}", clock_time(self.onset_at(), self.at));
        }
        let within = self.fault.onset.map_or(0, |onset| onset.within_ms);
        let within = if within >= UNCERTAIN_MS {
            format!(" (within {})", duration(within))
        } else {
            String::new()
        };
        format!(" since {}{within}", clock_time(self.onset_at(), self.at))
    }

    /// The share of bad items and their counts: `31%` and `41 of 132 in 10m`.
    fn share(&self) -> (String, String) {
        let tally = self.fault.tally;
        if tally.all == 0 {
            let latest = &self.alert.latest;
            let window = duration(self.alert.window_ms);
            let counts = format!("{} items in {window}", units::grouped(latest.count));
            return (self.value(), counts);
        }
        (units::value(SignalKind::Ratio, tally.share()), self.counts(tally.bad, tally.all))
    }

    fn counts(&self, bad: u64, all: u64) -> String {
        let span = duration(self.fault.span_ms);
        format!("{} of {} in {span}", units::grouped(bad), units::grouped(all))
    }

    /// The classes that occur, or those of the rule.
    fn classes(&self) -> String {
        let bad: u64 = self.fault.classes.iter().map(|(_, count)| count).sum();
        let is_large = |count: u64| count as f64 >= CLASS_SHARE_MIN * bad as f64;
        let counted = self.fault.classes.iter().filter(|(_, count)| is_large(*count));
        let mut names: Vec<&str> =
            counted.map(|(class, _)| class_name(*class)).take(CLASSES_MAX).collect();
        if names.is_empty() {
            let of = self.signal().map_or(&[][..], Signal::of);
            names = of.iter().map(|class| class_name(*class)).take(CLASSES_MAX).collect();
        }
        listed(&names)
    }

    /// How an alert ended: `back to normal after 42m (…)`; `None` while it is open.
    pub(crate) fn ended(&self) -> Option<String> {
        let alert = self.alert;
        let end = alert.resolved_at?;
        let lasted = duration(end.since_ms(self.onset_at()));
        let (what, why) = match alert.resolved_because {
            Some(StateReason::RuleRemoved) => {
                ("no longer watched", ", because its rule was removed")
            }
            Some(StateReason::RuleChanged | StateReason::GroupingChanged) => {
                ("no longer watched", ", because its rule was changed")
            }
            Some(StateReason::ClearedWithoutData) => ("ended", ", because no data came any more"),
            Some(StateReason::OutsideHours) => {
                ("no longer watched", ", because the hours of its rule are over")
            }
            _ => ("back to normal", ""),
        };
        Some(format!("{what} after {lasted}{why} ({})", self.totals()))
    }

    /// The worst value, and how many items were hit: `worst 41%; 412 of 3,120`.
    fn totals(&self) -> String {
        let alert = self.alert;
        let worst = format!("worst {}", units::value(alert.signal, alert.peak.value));
        match self.fault.tally {
            tally if tally.all == 0 || alert.signal == SignalKind::Gauge => worst,
            tally => {
                let counts = self.counts(tally.bad, tally.all);
                format!("{worst}; {counts}")
            }
        }
    }

    /// How bad it is, in full: `19.9% of 663 items in 5m, surely above 15%; critical from 5% on`.
    pub(crate) fn how_bad(&self) -> String {
        let alert = self.alert;
        let value = |value: f64| units::value(alert.signal, value);
        let evidence = &alert.latest;
        let below = evidence.value < evidence.threshold;
        let bound = match (below, evidence.upper) {
            (false, _) => format!(", surely above {}", value(evidence.lower)),
            (true, upper) if upper.is_finite() => format!(", surely below {}", value(upper)),
            (true, _) => String::new(),
        };
        let bound = if alert.signal.is_age() || alert.signal == SignalKind::Gauge {
            String::new()
        } else {
            bound
        };
        let severity = alert.severity.as_str();
        let (value, limit) = (value(evidence.value), self.limit());
        let basis = super::content::basis(alert);
        let of = if basis.is_empty() { String::new() } else { format!(" of {basis}") };
        format!("{value}{of}{bound}; {severity} from {limit} on")
    }
}

/// Where the fault is, a line for each label: `operation create_label: 31% (41 of 132), others 0.2%`.
pub(crate) fn place(parts: &[Part]) -> Vec<String> {
    let share = |bad, all| {
        let tally = super::fault::Tally { bad, all };
        let share = units::value(SignalKind::Ratio, tally.share());
        format!("{share} ({} of {})", units::grouped(bad), units::grouped(all))
    };
    let line = |part: &Part| {
        let values: Vec<&str> = part.values.iter().map(String::as_str).collect();
        let name = format!("{} {}", part.label.as_str(), listed(&values));
        match part.elsewhere.all {
            0 => format!("{name}: all of it"),
            all => {
                let here = share(part.here.bad, part.here.all);
                format!("{name}: {here}; elsewhere {}", share(part.elsewhere.bad, all))
            }
        }
    };
    parts.iter().map(line).collect()
}

/// `dhl create_label at ams1, release 2.4.1`; empty for everything.
pub(super) fn subject(labels: &GroupLabels, parts: &[Part]) -> String {
    let narrowed = |label: Label| {
        let part = parts.iter().find(|part| part.label == label)?;
        let values: Vec<&str> = part.values.iter().map(String::as_str).collect();
        Some(listed(&values))
    };
    let value = |label: Label| {
        let own = labels.get(label).filter(|value| !value.is_empty()).map(str::to_owned);
        own.or_else(|| narrowed(label))
    };
    let mut subject = value(Label::Partner).unwrap_or_default();
    if let Some(operation) = value(Label::Operation) {
        subject = format!("{subject} {operation}");
    }
    if let Some(site) = value(Label::Site) {
        subject = format!("{subject} at {site}");
    }
    if let Some(release) = value(Label::Release) {
        subject = format!("{subject}, release {release}");
    }
    match labels.get(Label::Environment) {
        None | Some("" | PRODUCTION) => {}
        Some(SANDBOX) => subject = format!("drill: {subject}"),
        Some(environment) => subject = format!("{subject} ({environment})"),
    }
    subject.trim_start_matches([',', ' ']).to_owned()
}

/// A class as it is read aloud.
const fn class_name(class: Outcome) -> &'static str {
    match class {
        Outcome::Auth => "401/403",
        Outcome::Timeout => "timeouts",
        Outcome::Network => "connection failures",
        Outcome::Exception => "exceptions",
        Outcome::Rejected => "rejections",
        class => class.as_str(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(values: &[&str]) -> String {
    match values {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The time of day, with its date when that is not the date of `now`: `17:46 UTC`.
pub(crate) fn clock_time(at: TimestampMs, now: TimestampMs) -> String {
    let local = |at: TimestampMs| {
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(at.to_zoned(TimeZone::UTC))
    };
    let (Some(at), now) = (local(at), local(now)) else { return units::rfc3339(at) };
    let is_today = now.is_some_and(|now| now.date() == at.date());
    let format = if is_today { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests;
