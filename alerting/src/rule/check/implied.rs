//! The rules that `expects` of partners implies.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, Matcher, SlotWidth};

use crate::rule::check::rules;
use crate::rule::error::Checked;
use crate::rule::parse::read;
use crate::rule::types::{Partner, Receiver, Rule, SignalKind};

/// What is made for each expected stream.
const EXPECTED_PACK: &str = include_str!("../../../packs/expected.yaml");

/// The rules for streams that partners expect and whose age no rule watches. `rules` are those of the file.
pub(super) fn implied(
    rules: &[Rule],
    partners: &[Partner],
    receivers: &[Receiver],
) -> Checked<Vec<Rule>> {
    let mut expecting: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for partner in partners {
        let is_watched = |stream: &str| rules.iter().any(|it| pages_silence(it, stream, partner));
        for stream in partner.expects.iter().filter(|stream| !is_watched(stream)) {
            expecting.entry(stream).or_default().insert(partner.name.clone());
        }
    }
    if expecting.is_empty() {
        return Ok(Vec::new());
    }
    let pack = read(EXPECTED_PACK)?.rules.unwrap_or_default();
    // The pack must be valid whatever the width of slots is.
    let templates = rules::rules(pack, receivers, SlotWidth::MIN)?;
    let mut implied = Vec::new();
    for (stream, partners) in expecting {
        let is_known = |name: &str| rules.iter().any(|rule| rule.name == name);
        let own = templates.iter().filter_map(|template| {
            let is_drop = template.signal.kind() == SignalKind::Drop;
            let mut watched = partners.clone();
            watched.retain(|partner| !is_drop || !has_drop(rules, stream, partner));
            (!watched.is_empty()).then(|| of_stream(template, stream, watched))
        });
        implied.extend(own.filter(|rule| !is_known(&rule.name)));
    }
    Ok(implied)
}

/// A rule of the pack for a stream and the partners that expect it.
fn of_stream(template: &Rule, stream: &str, partners: BTreeSet<String>) -> Rule {
    let name = |name: &String| format!("expected-{stream}-{name}");
    let mut rule = Rule {
        name: name(&template.name),
        signal: template.signal.clone().with_stream(stream),
        depends_on: template.depends_on.iter().map(name).collect(),
        is_implied: true,
        ..template.clone()
    };
    rule.matches.push(Label::Partner, Matcher::In(partners));
    rule
}

/// Whether a rule fires, so that somebody is notified, when a partner no longer reports a stream.
fn pages_silence(rule: &Rule, stream: &str, partner: &Partner) -> bool {
    rule.signal.kind().is_age()
        && rule.signal.stream() == stream
        && rule.groupings().any(|by| by == [Label::Partner])
        && rule.watches_all_of(&partner.name)
        && rule.thresholds().any(|(severity, _)| severity >= rule.notify_policy.from)
}

/// Whether a rule watches the arrivals of a stream of a partner.
fn has_drop(rules: &[Rule], stream: &str, partner: &str) -> bool {
    rules.iter().any(|rule| {
        rule.signal.kind() == SignalKind::Drop
            && rule.signal.stream() == stream
            && rule.watches_all_of(partner)
    })
}

#[cfg(test)]
mod tests;
