//! Plain values for the tests of this crate.

use std::collections::BTreeMap;

use plimsoll_storage::{Label, LabelMatchers, Outcome, TimestampMs};

use crate::engine::{Evidence, Gate, StateReason};
use crate::labels::GroupLabels;
use crate::message::fault::Fault;
use crate::message::words::Case;
use crate::records::alerts::{Alert, alert_id};
use crate::records::delivery::{Action, Delivery, NotificationRecord};
use crate::records::notify_status::NotifyStatus;
use crate::rule::{Rule, Severity, Signal};
use crate::text::content::Content;

/// A rule on the share of failed requests: warning above 1 %, critical above 5 %.
pub(crate) fn rule(name: &str) -> Rule {
    let of = vec![Outcome::Status5xx, Outcome::Timeout];
    Rule {
        name: name.into(),
        owner: "integrations".into(),
        runbook: "https://runbooks.example/partner-5xx".into(),
        signal: Signal::Ratio { of, to: None, stream: "requests".into() },
        matches: LabelMatchers::new(),
        by: vec![Label::Partner],
        window_ms: 300_000,
        for_ms: 300_000,
        clear_ms: 300_000,
        critical: Some(0.05),
        warning: Some(0.01),
        notify: vec!["oncall".into()],
        min_count: 0,
        confidence: 0.999,
        also_by: Vec::new(),
        scan: None,
        baseline: None,
        clear_level: None,
        clear_count: 1,
        keep_firing_ms: 0,
        on_no_data: crate::rule::OnNoData::Ok,
        schedule: None,
        depends_on: Vec::new(),
        labels: BTreeMap::new(),
        notify_policy: crate::rule::NotifyPolicy::default(),
        is_implied: false,
    }
}

/// A critical alert of [`rule`] on the partner `dhl` that nobody was notified of yet.
pub(crate) fn alert() -> Alert {
    let rule = rule("partner-5xx");
    let labels = GroupLabels::new([(Label::Partner, "dhl".to_owned())]);
    // 2026-11-20T20:00:00Z
    let pending_at = TimestampMs(1_795_204_800_000);
    let evidence = Evidence {
        value: 0.125,
        count: 320,
        lower: 0.07,
        upper: 0.2,
        threshold: 0.05,
        reached: Some(Severity::Critical),
        gate: Gate::Passed,
    };
    Alert {
        id: alert_id(&rule.name, &labels, pending_at),
        rule: rule.name.clone(),
        owner: rule.owner.clone(),
        runbook: rule.runbook.clone(),
        signal: rule.signal.kind(),
        symptom: rule.signal.symptom(),
        labels,
        window_ms: rule.window_ms,
        severity: Severity::Critical,
        pending_at,
        fired_at: pending_at.plus_ms(300_000),
        resolved_at: None,
        resolved_because: None,
        at_fire: evidence,
        latest: evidence,
        peak: evidence,
        notify: NotifyStatus::default(),
    }
}

/// A notification of an alert of [`rule`] to the receiver `oncall`.
pub(crate) fn delivery_of(action: Action, at: TimestampMs, alert: Alert) -> Delivery {
    let mut alert = alert;
    if action == Action::Resolve {
        (alert.resolved_at, alert.resolved_because) = (Some(at), Some(StateReason::ClearedFor));
    }
    let content = if alert.is_notice() { Content::default() } else { content_of(&alert, at) };
    let record = NotificationRecord { action, at, group: "partner=dhl".into(), alert, content };
    Delivery::new("oncall".into(), "f".into(), record)
}

/// What is said of an alert of [`rule`] when the store shows nothing.
fn content_of(alert: &Alert, at: TimestampMs) -> Content {
    let (rule, fault) = (rule(&alert.rule), Fault::default());
    let case = Case { alert, rule: Some(&rule), fault: &fault, at };
    Content {
        headline: case.headline(None),
        who: case.who(None),
        what: alert.symptom.clone(),
        which: vec![alert.labels.title()],
        onset_ms: case.onset_at().0,
        how_bad: case.how_bad(),
        ended: case.ended().unwrap_or_default(),
        ..Content::default()
    }
}
