//! Whether an alert may be told now: what mutes its beginning. Nothing mutes an end.

use plimsoll_storage::{Label, TimestampMs};

use crate::engine::Engine;
use crate::evidence::Severity;
use crate::labels::GroupLabels;
use crate::rule::{Mode, Rule, RuleSet};

/// Whether an open alert of a rule, of that severity and with these labels, is told at that moment.
pub(crate) fn speaks(
    engine: &Engine,
    rule: &Rule,
    severity: Severity,
    labels: &GroupLabels,
    at: TimestampMs,
) -> bool {
    rule.voice.mode == Mode::Live
        && severity >= rule.voice.from
        && !is_muted(engine.rules(), rule, labels, at)
        && (rule.depends_on.is_empty() || !engine.is_open(&rule.depends_on, labels))
}

/// Whether maintenance or a pause covers the alert.
pub(crate) fn is_muted(
    rules: &RuleSet,
    rule: &Rule,
    labels: &GroupLabels,
    at: TimestampMs,
) -> bool {
    // What the rule watches only one value of is a label of its alerts too.
    let fixed = rule.matches.iter().filter_map(|(label, values)| {
        let mut values = values.iter();
        values.next().filter(|_| values.next().is_none()).map(|value| (*label, value.clone()))
    });
    let own = labels.iter().map(|(label, value)| (label, value.to_owned()));
    let labels = GroupLabels::new(own.chain(fixed));
    let partner = labels.get(Label::Partner);
    rules.maintenance.iter().any(|window| window.covers(&labels, at))
        || rules.partners.iter().any(|it| it.paused && Some(it.name.as_str()) == partner)
}
