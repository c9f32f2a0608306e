//! What a page says, as plain values: what goes wrong, where, since when, how bad against what limit
//! on how much data, how it came to it, where to look, what to do first and whom to call.
//!
//! It is put together when the message is put out, and kept with it, so that every attempt and every
//! receiver says the same. How it looks at a receiver is the receiver's matter.

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use plimsoll_storage::{Label, Store, TimestampMs};

use crate::examples::examples;
use crate::labels::GroupLabels;
use crate::records::alerts::Alert;
use crate::records::muted_by::MutedBy;
use crate::rule::{RuleSet, SignalKind};
use crate::trend::{self, Trend};
use crate::{runbook, words};

/// Groups that a page names; a cascade may hold hundreds.
const PAGE_GROUPS_MAX: usize = 20;
/// Lines with contacts in a page.
const PAGE_CONTACTS_MAX: usize = 10;
/// Steps of the runbook in a page: what fits on a telephone.
const PAGE_STEPS_MAX: usize = 3;

/// The dashboard opens this long before the alert began, in ms.
const LOOK_BACK_MS: i64 = 60 * 60_000;

/// The content of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Page {
    /// What goes wrong: `5xx+timeout share of requests`.
    pub what: String,
    /// Titles of the groups whose alerts share the message, that of this alert first: `dhl`.
    pub which: Vec<String>,
    /// How many more there are than are named.
    pub which_more: u32,
    /// End of the first slot in which it was so, in ms since 1970.
    pub since_ms: i64,
    /// When the alert fired, in ms since 1970.
    pub fired_ms: i64,
    /// The newest value, with its unit: `12.5%`.
    pub value: String,
    /// What it is held against: `> 5%`.
    pub threshold: String,
    /// How many items it rests on: `320 items in 5m`; empty for ages and levels.
    pub basis: String,
    /// How long a stretch each judgement looks at: `5m`.
    pub window: String,
    /// How it came to it.
    pub trend: Trend,
    /// Which orders, while it goes on: `order_id O-1, correlation_id c-1: 5xx after 2s at …`.
    pub examples: Vec<String>,
    /// Where to look.
    pub links: Links,
    /// The first steps of the runbook.
    pub steps: Vec<String>,
    /// Why it is told later than it fired, when it is: `it fired while nothing was judged`.
    pub held_back: Option<String>,
    /// Who answers for the rule.
    pub owner: String,
    /// Whom to call about the partners, as the rules file names them: `dhl: support@dhl.example`.
    pub contacts: Vec<String>,
}

/// Addresses, all absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Links {
    /// The dashboard of the partner, from a while before the alert on.
    pub dashboard: String,
    /// The alert on record.
    pub alert: String,
    /// What was judged around the time the alert fired, in words.
    pub explain: String,
    /// The runbook; `None` when it is a file that is served nowhere.
    pub runbook: Option<String>,
}

/// What a page is made from, beside its alert.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a Store,
    pub(crate) rules: &'a RuleSet,
    /// Where people reach this server, without a slash at the end.
    pub(crate) base_url: &'a str,
    /// Labels of the alerts that share the message.
    pub(crate) sharing: BTreeSet<&'a GroupLabels>,
    /// End of the slot in which it is told.
    pub(crate) at: TimestampMs,
    /// Whether there is time to read the trend and examples.
    pub(crate) tells_trend: bool,
}

impl Source<'_> {
    /// The groups beside that of an alert, each once however many alerts it has.
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

impl Page {
    /// The page of an alert.
    pub(crate) fn of(alert: &Alert, source: &Source<'_>) -> Self {
        let others = source.others(&alert.labels);
        let mut which = vec![alert.labels.title()];
        which.extend(others.iter().map(GroupLabels::title));
        let which_more = u32::try_from(which.len().saturating_sub(PAGE_GROUPS_MAX)).unwrap_or(0);
        which.truncate(PAGE_GROUPS_MAX);
        let partners = std::iter::once(&alert.labels).chain(&others);
        Self {
            what: alert.symptom.clone(),
            which,
            which_more,
            since_ms: alert.pending_at.0,
            fired_ms: alert.fired_at.0,
            value: words::value(alert.signal, alert.latest.value),
            threshold: threshold(alert),
            basis: basis(alert),
            window: words::duration(alert.window_ms),
            trend: trend_of(alert, source),
            examples: examples_of(alert, source),
            links: links(alert, source),
            steps: runbook::first_steps(
                source.rules.runbook_text(&alert.runbook).unwrap_or_default(),
                PAGE_STEPS_MAX,
            ),
            held_back: held_back(alert).map(|it| it.in_words().to_owned()),
            owner: alert.owner.clone(),
            contacts: contacts(source.rules, partners),
        }
    }
}

/// What held the alert back until now. One that became worse, or stepped out of another's message,
/// was not kept from anyone.
fn held_back(alert: &Alert) -> Option<MutedBy> {
    let is_kept =
        |it: &MutedBy| !matches!(it, MutedBy::Severity | MutedBy::Shared | MutedBy::Waiting);
    alert.suppressor.filter(is_kept)
}

/// `> 5%`.
fn threshold(alert: &Alert) -> String {
    let evidence = &alert.latest;
    let sign = if evidence.value < evidence.threshold { '<' } else { '>' };
    format!("{sign} {}", words::value(alert.signal, evidence.threshold))
}

/// `320 items in 5m`.
fn basis(alert: &Alert) -> String {
    match alert.signal {
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run | SignalKind::Gauge => {
            String::new()
        }
        SignalKind::Ratio | SignalKind::Latency | SignalKind::Drop | SignalKind::Burn => {
            format!("{} items in {}", alert.latest.count, words::duration(alert.window_ms))
        }
    }
}

/// A page without its trend is better than none.
fn trend_of(alert: &Alert, source: &Source<'_>) -> Trend {
    let rule = source.rules.rule(&alert.rule).filter(|_| source.tells_trend);
    let Some(rule) = rule else { return Trend::default() };
    let found = trend::trend(source.store, rule, &alert.labels, alert.window_ms, source.at);
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, alert = alert.id, "a page leaves without its trend");
        Trend::default()
    })
}

/// A page without its examples is better than none.
fn examples_of(alert: &Alert, source: &Source<'_>) -> Vec<String> {
    let rule = source.rules.rule(&alert.rule).filter(|_| source.tells_trend && alert.is_open());
    let Some(rule) = rule else { return Vec::new() };
    let found = examples(source.store, rule, &alert.labels, alert.window_ms, source.at);
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, alert = alert.id, "a page leaves without its examples");
        Vec::new()
    })
}

fn links(alert: &Alert, source: &Source<'_>) -> Links {
    let base = source.base_url;
    let from = words::moment(alert.pending_at.plus_ms(-LOOK_BACK_MS));
    let partner = alert.labels.get(Label::Partner).filter(|partner| !partner.is_empty());
    let dashboard = match partner {
        Some(partner) => format!("{base}/partners/{}?from={from}", escaped(partner)),
        None => format!("{base}/?from={from}"),
    };
    let labels = alert.labels.iter();
    let labels: String =
        labels.map(|(label, value)| format!("&{}={}", label.as_str(), escaped(value))).collect();
    let rule = escaped(&alert.rule);
    let at = words::moment(alert.fired_at);
    let name = &alert.runbook;
    Links {
        dashboard,
        alert: format!("{base}/api/v1/alerts/{}", alert.id),
        explain: format!("{base}/api/v1/rules/{rule}/explain?at={at}{labels}"),
        runbook: if is_url(name) {
            Some(name.clone())
        } else {
            source.rules.runbook_text(name).map(|_| format!("{base}/runbooks/{}", escaped(name)))
        },
    }
}

fn is_url(name: &str) -> bool {
    name.starts_with("https://") || name.starts_with("http://")
}

/// Whom to call about the partners of some groups.
fn contacts<'a>(rules: &RuleSet, groups: impl Iterator<Item = &'a GroupLabels>) -> Vec<String> {
    let mut named = Vec::new();
    let known = |labels: &GroupLabels| {
        let name = labels.get(Label::Partner)?;
        rules.partners.iter().find(|partner| partner.name == name)
    };
    for partner in groups.filter_map(known).filter(|partner| !partner.contacts.is_empty()) {
        let line = format!("{}: {}", partner.name, partner.contacts.join(", "));
        if !named.contains(&line) && named.len() < PAGE_CONTACTS_MAX {
            named.push(line);
        }
    }
    named
}

/// Text as a part of an address.
fn escaped(text: &str) -> String {
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
