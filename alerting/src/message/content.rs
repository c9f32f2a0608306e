//! Collects the content of a notification: values of the alert, its trend and exemplars from the store,
//! links, first steps and contacts from the rules.

use std::collections::BTreeSet;

use plimsoll_storage::{Label, Store, TimestampMs};

use super::exemplars::exemplars;
use super::fault::{Fault, fault};
use super::trend;
use super::units;
use super::words::{self, Case, Together};
use crate::labels::{GroupLabels, PRODUCTION};
use crate::records::alerts::Alert;
use crate::records::muted_by::MutedBy;
use crate::rule::{Rule, RuleSet, SignalKind};
use crate::text::content::{Content, Links, Trend};
use crate::text::runbook;

/// Groups that a notification lists; a cascade may have hundreds.
const GROUPS_MAX: usize = 20;
/// Lines with contacts.
const CONTACTS_MAX: usize = 10;
/// First steps of the runbook.
const STEPS_MAX: usize = 3;

/// The dashboard opens this long before the alert began, in ms.
const LOOK_BACK_MS: i64 = 60 * 60_000;

/// What the content of an alert is composed from, beside the alert and what the store shows.
pub(crate) struct ContentSource<'a> {
    pub(crate) rules: &'a RuleSet,
    /// The public address of this server, without a slash at the end.
    pub(crate) base_url: &'a str,
    /// Labels of the alerts that share the notification.
    pub(crate) sharing: BTreeSet<&'a GroupLabels>,
    /// End of the slot in which the notification is created.
    pub(crate) at: TimestampMs,
}

/// What the store shows of an alert. Without it a notification has its first evaluation only.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    pub(crate) fault: Fault,
    pub(crate) trend: Trend,
    pub(crate) exemplars: Vec<String>,
}

impl ContentSource<'_> {
    /// The groups beside that of an alert, each once.
    fn others(&self, own: &GroupLabels) -> BTreeSet<GroupLabels> {
        let by = self.rules.grouping.as_ref().map_or(&[][..], |pages| &pages.by);
        let group = |labels: &GroupLabels| {
            let named =
                by.iter().filter_map(|label| Some((*label, labels.get(*label)?.to_owned())));
            GroupLabels::new(named)
        };
        let own = group(own);
        self.sharing.iter().map(|labels| group(labels)).filter(|labels| *labels != own).collect()
    }
}

/// What is known of an alert at a time, for pages: links are paths of this server. What the store does not
/// show is left out.
#[must_use]
pub fn describe(store: &Store, rules: &RuleSet, alert: &Alert, at: TimestampMs) -> Content {
    let source = ContentSource { rules, base_url: "", sharing: BTreeSet::new(), at };
    compose(alert, &source, find(store, alert, &source))
}

/// Reads from the store what it shows of an alert.
pub(crate) fn find(store: &Store, alert: &Alert, source: &ContentSource<'_>) -> Findings {
    let Some(rule) = source.rules.rule(&alert.rule) else { return Findings::default() };
    Findings {
        fault: fault_of(store, rule, alert, source),
        trend: trend_of(store, rule, alert, source.at),
        exemplars: exemplars_of(store, rule, alert, source.at),
    }
}

/// The content of an alert. Pure.
pub(crate) fn compose(alert: &Alert, source: &ContentSource<'_>, findings: Findings) -> Content {
    let Findings { fault, trend, exemplars } = findings;
    let others = source.others(&alert.labels);
    let mut which = vec![alert.labels.title()];
    which.extend(others.iter().map(GroupLabels::title));
    let which_more = u32::try_from(which.len().saturating_sub(GROUPS_MAX)).unwrap_or(0);
    which.truncate(GROUPS_MAX);
    let partners = std::iter::once(&alert.labels).chain(&others);
    let rule = source.rules.rule(&alert.rule);
    let case = Case { alert, rule, fault: &fault, at: source.at };
    let named = partners_together(alert, &others);
    let together = named
        .as_ref()
        .map(|partners| Together { partners, kind: common_kind(partners, source.rules) });
    let of_url = || runbook::runbook_of_url(&alert.runbook).map(|page| page.text);
    let runbook = source.rules.runbook_text(&alert.runbook).or_else(of_url).unwrap_or_default();
    let steps = case.first_step(together.as_ref()).into_iter();
    let steps =
        steps.chain(runbook::first_steps(runbook, STEPS_MAX, &variables(alert, source.base_url)));
    Content {
        headline: case.headline(together.as_ref()),
        who: case.who(together.as_ref()),
        place: words::place(&fault.parts),
        onset_ms: case.onset_at().0,
        onset_within_ms: fault.onset.map_or(0, |onset| onset.within_ms),
        how_bad: case.how_bad(),
        ended: case.ended().unwrap_or_default(),
        rule_labels: rule.map(|rule| rule.labels.clone()).unwrap_or_default(),
        notified: alert.notify.receivers.iter().map(|it| it.receiver.clone()).collect(),
        what: case.cause(),
        which,
        which_more,
        since_ms: alert.pending_at.0,
        fired_ms: alert.fired_at.0,
        value: units::value(alert.signal, alert.latest.value),
        threshold: threshold(alert),
        basis: basis(alert),
        window: units::duration(alert.window_ms),
        trend,
        exemplars,
        links: links(alert, source),
        steps: steps.collect(),
        muted_by: muted_by(alert).map(|it| it.in_words().to_owned()),
        owner: alert.owner.clone(),
        contacts: contacts(source.rules, partners),
    }
}

/// The values of the variables in commands of runbooks. Without an address of this server the page has one.
fn variables(alert: &Alert, base_url: &str) -> Vec<(&'static str, String)> {
    let value = |label: Label, default: &str| {
        let value = alert.labels.get(label).filter(|value| !value.is_empty());
        url_encoded(value.unwrap_or(default))
    };
    let mut variables =
        vec![("P", value(Label::Partner, "PARTNER")), ("E", value(Label::Environment, PRODUCTION))];
    if !base_url.is_empty() {
        variables.push(("API", format!("{base_url}/api/v1")));
    }
    variables
}

/// What muted the alert until now. An alert that became critical, or left the notification of another
/// alert, was not muted.
fn muted_by(alert: &Alert) -> Option<MutedBy> {
    let is_mute =
        |it: &MutedBy| !matches!(it, MutedBy::Severity | MutedBy::Shared | MutedBy::Waiting);
    alert.notify.muted_by.filter(is_mute)
}

/// `> 5%`.
fn threshold(alert: &Alert) -> String {
    let evidence = &alert.latest;
    let sign = if evidence.value < evidence.threshold { '<' } else { '>' };
    format!("{sign} {}", units::value(alert.signal, evidence.threshold))
}

/// `320 items in 5m`.
pub(super) fn basis(alert: &Alert) -> String {
    match alert.signal {
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run | SignalKind::Gauge => {
            String::new()
        }
        SignalKind::Ratio | SignalKind::Latency | SignalKind::Drop | SignalKind::Burn => {
            format!("{} items in {}", alert.latest.count, units::duration(alert.window_ms))
        }
    }
}

/// The partners of an open alert and of the groups that share its notification, when there are several.
fn partners_together(alert: &Alert, others: &BTreeSet<GroupLabels>) -> Option<BTreeSet<String>> {
    let all = std::iter::once(&alert.labels).chain(others);
    let named = all.filter_map(|labels| labels.get(Label::Partner).map(str::to_owned));
    let partners: BTreeSet<String> = named.collect();
    (partners.len() > 1 && alert.is_open()).then_some(partners)
}

/// The kind of all partners, when they are of one kind.
fn common_kind<'r>(partners: &BTreeSet<String>, rules: &'r RuleSet) -> Option<&'r str> {
    let described = |name: &String| rules.partners.iter().find(|it| it.name == *name);
    let kinds: BTreeSet<Option<&str>> =
        partners.iter().map(|name| described(name)?.kind.as_deref()).collect();
    let only = kinds.first().copied().filter(|_| kinds.len() == 1);
    only.flatten()
}

/// Without what the store shows of the fault when it cannot be read: the notification must not fail for
/// that. Of groups that fail together it is the fault of all of them.
fn fault_of(store: &Store, rule: &Rule, alert: &Alert, source: &ContentSource<'_>) -> Fault {
    let members = source.sharing.iter().copied().filter(|_| alert.is_open());
    let members = std::iter::once(&alert.labels).chain(members).take(GROUPS_MAX);
    let each = members.flat_map(|labels| rule.selector_of(labels).streams(store));
    let streams: BTreeSet<_> = each.collect();
    let streams = streams.into_iter().collect();
    let found = fault(store, rule, alert, streams, source.at);
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, alert = alert.id, "a notification is sent without where its fault is");
        Fault::default()
    })
}

/// Without a trend when it cannot be read: the notification must not fail for that.
fn trend_of(store: &Store, rule: &Rule, alert: &Alert, at: TimestampMs) -> Trend {
    let found = trend::trend(store, rule, &alert.labels, alert.window_ms, at);
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, alert = alert.id, "a notification is sent without its trend");
        Trend::default()
    })
}

/// Without exemplars when they cannot be read: the notification must not fail for that.
fn exemplars_of(store: &Store, rule: &Rule, alert: &Alert, at: TimestampMs) -> Vec<String> {
    if !alert.is_open() {
        return Vec::new();
    }
    let found = exemplars(store, rule, &alert.labels, alert.window_ms, at);
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, alert = alert.id, "a notification is sent without its exemplars");
        Vec::new()
    })
}

fn links(alert: &Alert, source: &ContentSource<'_>) -> Links {
    let base = source.base_url;
    let from = units::rfc3339(alert.pending_at.plus_ms(-LOOK_BACK_MS));
    let partner = alert.labels.get(Label::Partner).filter(|partner| !partner.is_empty());
    let dashboard = match partner {
        Some(partner) => {
            let environment = alert.labels.get(Label::Environment);
            let environment = environment.filter(|name| !matches!(*name, "" | PRODUCTION));
            let environment = environment
                .map_or_else(String::new, |name| format!("&environment={}", url_encoded(name)));
            format!("{base}/partners/{}?from={from}{environment}", url_encoded(partner))
        }
        None => format!("{base}/?from={from}"),
    };
    let labels = alert.labels.iter();
    let labels: String = labels
        .map(|(label, value)| format!("&{}={}", label.as_str(), url_encoded(value)))
        .collect();
    let rule = url_encoded(&alert.rule);
    let at = units::rfc3339(alert.fired_at);
    let name = &alert.runbook;
    Links {
        dashboard,
        alert: format!("{base}/alerts/{}", alert.id),
        explain: format!("{base}/rules/{rule}?at={at}{labels}"),
        runbook: if is_url(name) {
            Some(name.clone())
        } else {
            source
                .rules
                .runbook_text(name)
                .map(|_| format!("{base}/runbooks/{}?alert={}", url_encoded(name), alert.id))
        },
    }
}

fn is_url(name: &str) -> bool {
    name.starts_with("https://") || name.starts_with("http://")
}

/// The contacts of the partners of some groups.
fn contacts<'a>(rules: &RuleSet, groups: impl Iterator<Item = &'a GroupLabels>) -> Vec<String> {
    let mut lines = Vec::new();
    let known = |labels: &GroupLabels| {
        let name = labels.get(Label::Partner)?;
        rules.partners.iter().find(|partner| partner.name == name)
    };
    for partner in groups.filter_map(known).filter(|partner| !partner.contacts.is_empty()) {
        let line = format!("{}: {}", partner.name, partner.contacts.join(", "));
        if !lines.contains(&line) && lines.len() < CONTACTS_MAX {
            lines.push(line);
        }
    }
    lines
}

/// Text as a part of a URL, percent-encoded.
#[must_use]
pub fn url_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
