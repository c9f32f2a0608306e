//! Alerts against incidents. The definitions are those of the parent module.

use std::collections::{BTreeMap, BTreeSet};

use super::{Alert, Incident, Scored};
use crate::records::delivery::Action;

const MINUTE_MS: i64 = 60_000;
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// How long after its end an incident may still be paged for.
const TAIL_MS: i64 = 30 * MINUTE_MS;
/// How soon after a resolve a page is a flap.
const FLAP_MS: i64 = 30 * MINUTE_MS;

/// How good the alerts are. Spans are in ms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    /// Incidents that must page and were paged for.
    pub found: Vec<Found>,
    /// Incidents that must page and were not: id and kind.
    pub missed: Vec<(String, String)>,
    /// Pages that belong to incidents that must page.
    pub true_pages: usize,
    /// Pages that belong to incidents that may page.
    pub neutral_pages: usize,
    /// All other pages.
    pub false_pages: Vec<FalsePage>,
    /// Incidents that may page: with an alert, and in all.
    pub warnings: (usize, usize),
    /// Pages soon after a resolve.
    pub flaps: usize,
    /// Partners times weeks that were scored.
    pub partner_weeks: f64,
    /// Weeks that were scored.
    pub weeks: f64,
}

/// An incident that was paged for. Spans are in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// From the onset to the first page.
    pub detected_after_ms: i64,
    /// Pages that belong to it.
    pub pages: usize,
    /// From its end to the moment its last page was resolved; `None` while that is open.
    pub resolve_lag_ms: Option<i64>,
}

/// A page that belongs to no incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FalsePage {
    /// When, in ms since 1970.
    pub at: i64,
    /// About whom.
    pub partner: String,
    /// By which rule.
    pub rule: String,
    /// What harmless thing was going on there, if any: its kind.
    pub during: Option<String>,
}

impl Score {
    /// The part of the incidents that must page for which there was a page; 1 when there are none.
    #[must_use]
    pub fn recall(&self) -> f64 {
        ratio(self.found.len(), self.found.len() + self.missed.len())
    }

    /// The part of the pages that were true, neutral ones left out; 1 when there are none.
    #[must_use]
    pub fn precision(&self) -> f64 {
        ratio(self.true_pages, self.true_pages + self.false_pages.len())
    }

    /// The q-quantile (rank ⌈q·n⌉) of the time to detect, in ms.
    #[must_use]
    pub fn detected_after_ms(&self, q: f64) -> Option<i64> {
        quantile(self.found.iter().map(|found| found.detected_after_ms).collect(), q)
    }

    /// The median of the resolve lag, in ms.
    #[must_use]
    pub fn resolve_lag_ms(&self) -> Option<i64> {
        quantile(self.found.iter().filter_map(|found| found.resolve_lag_ms).collect(), 0.5)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The q-quantile of some values, of rank ⌈q·n⌉.
fn quantile(mut values: Vec<i64>, q: f64) -> Option<i64> {
    values.sort_unstable();
    let rank = (q * values.len() as f64).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied()
}

/// A page, with when it was resolved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Page<'a> {
    at: i64,
    partner: &'a str,
    rule: &'a str,
    resolved_at: Option<i64>,
}

/// Scores the alerts of a backtest.
#[must_use]
pub fn score(alerts: &[Alert], incidents: &[Incident], scored: Scored) -> Score {
    let from = scored.from;
    let weeks = (scored.end - from).max(0) as f64 / WEEK_MS as f64;
    let partner_weeks = weeks * scored.partners as f64;
    let mut score = Score { partner_weeks, weeks, ..Score::default() };
    let mut pages = pages(alerts);
    score.flaps = flaps(&pages, alerts, from);
    pages.retain(|page| page.at >= from);
    let must =
        |incident: &Incident| incident.incident && incident.must_page && incident.onset() >= from;
    let mut belonging: BTreeMap<&str, Vec<&Page<'_>>> = BTreeMap::new();
    for page in &pages {
        match owner(page, incidents) {
            Some(incident) if must(incident) => {
                score.true_pages += 1;
                belonging.entry(&incident.id).or_default().push(page);
            }
            Some(_) => score.neutral_pages += 1,
            None => score.false_pages.push(false_page(page, incidents)),
        }
    }
    for incident in incidents.iter().filter(|incident| must(incident)) {
        match belonging.get(incident.id.as_str()) {
            Some(pages) => score.found.push(found(incident, pages)),
            None => score.missed.push((incident.id.clone(), incident.kind.clone())),
        }
    }
    let may = |it: &&Incident| it.incident && !it.must_page && it.onset() >= from;
    let may: Vec<&Incident> = incidents.iter().filter(may).collect();
    score.warnings = (may.iter().filter(|it| has_alert(it, alerts)).count(), may.len());
    score
}

/// Every page in the order of time. What several receivers were told at once is one page.
fn pages(alerts: &[Alert]) -> Vec<Page<'_>> {
    let mut pages = BTreeSet::new();
    for alert in alerts {
        for said in alert.said.iter().filter(|said| said.action == Action::Trigger) {
            let at = said.at;
            let resolved_at = resolves(alerts)
                .filter(|(group, resolved_at)| *group == said.group && *resolved_at >= at)
                .map(|(_, resolved_at)| resolved_at)
                .min();
            pages.insert(Page {
                at,
                partner: alert.partner.as_str(),
                rule: &alert.rule,
                resolved_at,
            });
        }
    }
    pages.into_iter().collect()
}

/// Every end of a message: its group, and when.
fn resolves(alerts: &[Alert]) -> impl Iterator<Item = (&str, i64)> {
    let said = alerts.iter().flat_map(|alert| &alert.said);
    said.filter(|said| said.action == Action::Resolve).map(|said| (said.group.as_str(), said.at))
}

fn flaps(pages: &[Page<'_>], alerts: &[Alert], from: i64) -> usize {
    let again = |page: &&Page<'_>| {
        let before = page.at - FLAP_MS..=page.at;
        page.at >= from
            && alerts.iter().filter(|alert| alert.partner.as_str() == page.partner).any(|alert| {
                let mut ends = alert.said.iter().filter(|said| said.action == Action::Resolve);
                ends.any(|said| before.contains(&said.at))
            })
    };
    pages.iter().filter(again).count()
}

/// The incident that a page belongs to.
fn owner<'c>(page: &Page<'_>, incidents: &'c [Incident]) -> Option<&'c Incident> {
    let holds =
        |incident: &&Incident| incident.incident && is_within(page.at, page.partner, incident);
    incidents
        .iter()
        .filter(holds)
        .max_by_key(|incident| (page.at <= incident.end, incident.onset()))
}

fn is_within(at: i64, partner: &str, incident: &Incident) -> bool {
    incident.partners.iter().any(|one| one == partner)
        && at >= incident.start
        && at <= incident.end + TAIL_MS
}

fn has_alert(incident: &Incident, alerts: &[Alert]) -> bool {
    let fired = |alert: &Alert| is_within(alert.fired_at, alert.partner.as_str(), incident);
    alerts.iter().any(fired)
}

fn found(incident: &Incident, pages: &[&Page<'_>]) -> Found {
    let first = pages.iter().map(|page| page.at).min().unwrap_or(incident.onset());
    let resolved_at: Option<Vec<i64>> = pages.iter().map(|page| page.resolved_at).collect();
    let last = resolved_at.and_then(|all| all.into_iter().max());
    Found {
        id: incident.id.clone(),
        kind: incident.kind.clone(),
        detected_after_ms: (first - incident.onset()).max(0),
        pages: pages.len(),
        resolve_lag_ms: last.map(|at| at - incident.end),
    }
}

fn false_page(page: &Page<'_>, incidents: &[Incident]) -> FalsePage {
    let during = incidents.iter().find(|it| !it.incident && is_within(page.at, page.partner, it));
    FalsePage {
        at: page.at,
        partner: page.partner.to_owned(),
        rule: page.rule.to_owned(),
        during: during.map(|incident| incident.kind.clone()),
    }
}

#[cfg(test)]
mod tests;
