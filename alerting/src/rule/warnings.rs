//! What is valid in a rules file and yet does not do what it seems to do.

use std::collections::BTreeSet;

use plimsoll_query::Confidence;
use plimsoll_storage::{Label, LabelMatchers, Matcher};

use crate::labels::SANDBOX;
use crate::rule::types::countries::{has_several_clocks, main_zone};
use crate::rule::types::{OutOfReach, Partner, Rule, RuleMode, RuleSet, Signal};
use crate::text::nearest::nearest;
use crate::text::time::duration;

/// Items of a window that many partners never have.
const ITEMS_MANY: u64 = 1000;

impl Rule {
    /// Whether somebody is notified of some alert of the rule.
    #[must_use]
    pub fn notifies(&self) -> bool {
        let policy = self.notify_policy;
        let is_reached = self.thresholds().any(|(severity, _)| severity >= policy.from);
        !self.notify.is_empty() && policy.mode == RuleMode::Live && is_reached
    }
}

impl RuleSet {
    /// What does not work as it seems to, a sentence each. Runbooks are not looked at.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.rules.is_empty() {
            found.push("there are no rules, so nothing is evaluated".to_owned());
        }
        if self.receivers.is_empty() && !self.rules.is_empty() {
            found.push("there are no receivers, so nobody is notified".to_owned());
        }
        found.extend(self.unreached_receivers());
        for rule in &self.rules {
            let about = |text: String| format!("rule {}: {text}", rule.name);
            found.extend(only_sandbox(rule).map(about));
            found.extend(needs_many_items(rule).map(about));
            found.extend(self.useless_dependencies(rule).map(about));
            found.extend(self.mistyped(&rule.matches).into_iter().map(about));
        }
        for (position, window) in self.maintenance.iter().enumerate() {
            let number = position + 1;
            let about = |text: String| format!("maintenance number {number}: {text}");
            found.extend(self.mistyped(&window.matches).into_iter().map(about));
            let unaffected = self.rules.iter().filter_map(|rule| {
                let reason = rule.unaffected_by_maintenance(&window.matches)?;
                matches!(reason, OutOfReach::NoLabel(_)).then_some((rule, reason))
            });
            found.extend(unaffected.map(|(rule, reason)| {
                about(format!("it has no effect on rule {}: {reason}", rule.name))
            }));
        }
        for partner in &self.partners {
            let about = |text: String| format!("partner {}: {text}", partner.name);
            found.extend(assumed_zone(partner).map(about));
            found.extend(self.paused_dependencies(partner).map(about));
        }
        found.extend(self.idle_holidays());
        found
    }

    /// Values of labels that probably are not meant as they are written, a sentence each.
    #[must_use]
    pub fn mistyped(&self, matches: &LabelMatchers) -> Vec<String> {
        self.mistyped_partners(matches).chain(plain_patterns(matches)).collect()
    }

    /// Receivers that no notification can reach.
    fn unreached_receivers(&self) -> impl Iterator<Item = String> {
        let named = self.rules.iter().filter(|rule| rule.notifies()).flat_map(|rule| &rule.notify);
        let mut reached: BTreeSet<&str> = named.map(String::as_str).collect();
        let changes = self.receivers.iter().filter(|receiver| receiver.takes_changes);
        reached.extend(changes.map(|receiver| receiver.name.as_str()));
        let mut open: Vec<&str> = reached.iter().copied().collect();
        while let Some(receiver) = open.pop().and_then(|name| self.receiver(name)) {
            let next = receiver.escalate.iter().map(|it| it.to.as_str());
            let next = next.chain(receiver.fail_over.iter().map(|it| it.to.as_str()));
            open.extend(next.filter(|name| reached.insert(name)));
        }
        let unreached = self.receivers.iter().filter(move |it| !reached.contains(it.name.as_str()));
        unreached.map(|it| {
            format!(
                "receiver {}: no rule notifies it, also not by `escalate` or `fail_over`",
                it.name
            )
        })
    }

    /// Rules that a rule depends on but whose alerts never mute its own, a sentence each.
    fn useless_dependencies<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = String> + 'a {
        let others = rule.depends_on.iter().filter_map(|name| self.rule(name));
        others.filter_map(move |other| {
            let (name, reason) = (&other.name, why_useless(rule, other)?);
            Some(format!("`depends_on` of {name} mutes nothing, because {reason}"))
        })
    }

    /// Paused partners that a partner depends on, a sentence each.
    fn paused_dependencies<'a>(
        &'a self,
        partner: &'a Partner,
    ) -> impl Iterator<Item = String> + 'a {
        let others = self.partners.iter().filter(|other| other.paused);
        let others = others.filter(|other| partner.depends_on.contains(&other.name));
        others.map(|other| {
            let name = &other.name;
            format!("`depends_on` of {name} mutes nothing while {name} is paused")
        })
    }

    /// Partners that are selected and not declared, and whose names are like one that is.
    fn mistyped_partners<'a>(
        &'a self,
        matches: &'a LabelMatchers,
    ) -> impl Iterator<Item = String> + 'a {
        let values = matches.iter().filter_map(|(label, matcher)| match matcher {
            Matcher::In(values) | Matcher::NotIn(values) if label == Label::Partner => Some(values),
            _ => None,
        });
        let names = || self.partners.iter().map(|partner| partner.name.as_str());
        let stray = values.flatten().filter(move |value| names().all(|name| name != *value));
        stray.filter_map(move |value| {
            let near = nearest(value, names())?;
            Some(format!(
                "`match` names the partner `{value}`, which is not under `partners`; did you mean `{near}`?"
            ))
        })
    }

    /// Holidays that no partner has.
    fn idle_holidays(&self) -> impl Iterator<Item = String> {
        let of_partners = self.partners.iter().filter_map(|partner| partner.country.as_deref());
        let of_partners: BTreeSet<&str> = of_partners.collect();
        let countries: BTreeSet<&str> =
            self.holidays.iter().map(|it| it.country.as_str()).collect();
        let idle = countries.into_iter().filter(move |it| !of_partners.contains(it));
        idle.map(|country| {
            format!("holidays of {country}: no partner has that `country`, so they have no effect")
        })
    }
}

/// Why alerts of a rule never mute those of one that depends on it; `None` when they can.
fn why_useless(rule: &Rule, other: &Rule) -> Option<String> {
    let name = &other.name;
    // Without any receiver there is a warning of its own.
    if !other.notify.is_empty() && !other.notifies() || only_sandbox(other).is_some() {
        return Some(format!("nobody is notified of {name}"));
    }
    let is_part = |by: &&[Label]| {
        let is_within = |own: &[Label]| by.iter().all(|label| own.contains(label));
        rule.groupings().any(is_within)
    };
    let mut both = rule.selector().labels;
    other.selector().labels.iter().for_each(|(label, it)| both.push(label, it.clone()));
    let strange = |by: &[Label]| by.iter().copied().find(|label| !both.is_possible(*label));
    let strange: Vec<Option<Label>> = other.groupings().filter(is_part).map(strange).collect();
    if strange.is_empty() {
        let by: Vec<&str> = other.by.iter().map(|label| label.as_str()).collect();
        let by = by.join(", ");
        return Some(format!("{name} groups by {by}, which this rule does not"));
    }
    let all: Option<Vec<Label>> = strange.into_iter().collect();
    let label = all?.first()?.as_str();
    Some(format!("by `match` the two rules have no `{label}` in common"))
}

/// Plain values that are written like patterns.
fn plain_patterns(matches: &LabelMatchers) -> impl Iterator<Item = String> {
    let values = matches.iter().filter_map(|(_, matcher)| match matcher {
        Matcher::In(values) | Matcher::NotIn(values) => Some(values),
        _ => None,
    });
    values.flatten().filter(|value| value.contains(['*', '|'])).map(|value| {
        format!("`match` has the plain value `{value}`; a pattern begins with ~, as in ~dhl.*")
    })
}

/// A rule whose alerts all are of the sandbox, and muted.
fn only_sandbox(rule: &Rule) -> Option<String> {
    (rule.matches.only(Label::Environment) == Some(SANDBOX)).then(|| {
        "nobody is notified of it: it matches only the sandbox, which every rule watches anyway"
            .to_owned()
    })
}

/// A share so high that only a window of very many items shows it with the confidence of the rule.
fn needs_many_items(rule: &Rule) -> Option<String> {
    let confidence = Confidence::new(rule.confidence)?;
    let (severity, threshold) = rule.thresholds().next_back()?;
    let is_shown = |items: u64| {
        let share = confidence.share(items, items);
        share.is_some_and(|share| share.lower > threshold)
    };
    if !matches!(rule.signal, Signal::Ratio { .. }) || is_shown(ITEMS_MANY) {
        return None;
    }
    let at_least = (1..40).map(|doublings| ITEMS_MANY << doublings).find(|items| is_shown(*items));
    let (severity, window) = (severity.as_str(), duration(rule.window_ms));
    Some(match at_least {
        Some(items) => format!(
            "its {severity} threshold is passed only when all of more than {} items in {window} are bad; set a \
             lower one",
            items / 2
        ),
        None => format!("no number of items passes its {severity} threshold; set a lower one"),
    })
}

/// A partner whose time zone is only known by its country, which has several clocks.
fn assumed_zone(partner: &Partner) -> Option<String> {
    let country = partner.country.as_deref().filter(|_| partner.time_zone.is_none())?;
    let zone = main_zone(country).filter(|_| has_several_clocks(country))?;
    Some(format!("{country} has several time zones, and {zone} is assumed; give its `time_zone`"))
}

#[cfg(test)]
mod tests;
