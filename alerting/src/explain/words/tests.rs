use plimsoll_storage::Label;

use super::*;
use crate::records::muted_by::MutedBy;
use crate::rule::Severity;
use crate::testing::{alert, rule};

const AT: TimestampMs = TimestampMs(1_795_204_800_000);

fn slot(gate: Gate, state: AlertState) -> ExplainedSlot {
    let evidence = Evidence { gate, ..alert().at_fire };
    let comparison = Comparison {
        test: EvidenceTest::Window,
        window_min: 0,
        compared: evidence.lower,
        limit: evidence.threshold,
        unit: ComparedUnit::Signal,
        is_below: false,
        unmet: None,
    };
    ExplainedSlot {
        t: AT,
        evidence: Some(evidence),
        comparison: Some(comparison),
        state,
        transition: None,
        muted_by: None,
    }
}

fn explained(slot: ExplainedSlot) -> String {
    let dhl = GroupLabels::new([(Label::Partner, "dhl".to_owned())]);
    let open = Alert { fired_at: AT.plus_ms(-300_000), resolved_at: None, ..alert() };
    words(&rule("r"), &dhl, (&[slot], Some(&[open])), AT)
}

#[test]
fn an_alert_that_is_not_on_record_is_not_called_open() {
    let firing = Firing {
        since: AT.plus_ms(-600_000),
        fired_at: AT.plus_ms(-300_000),
        severity: Severity::Critical,
        clear_since: None,
        moved_since: None,
    };
    let found = slot(Gate::Passed, AlertState::Firing(firing));
    let ended = Alert {
        fired_at: AT.plus_ms(-900_000),
        resolved_at: Some(AT.plus_ms(-600_000)),
        ..alert()
    };
    let dhl = GroupLabels::new([(Label::Partner, "dhl".to_owned())]);
    let text = words(&rule("r"), &dhl, (&[found], Some(&[ended])), AT);
    assert!(text.contains("no such alert is on record") && !text.contains("is open"), "{text}");
}

#[test]
fn the_words_name_the_finding_the_state_and_what_comes_next() {
    let firing = Firing {
        since: AT.plus_ms(-600_000),
        fired_at: AT.plus_ms(-300_000),
        severity: Severity::Critical,
        clear_since: None,
        moved_since: None,
    };
    assert_eq!(
        explained(slot(Gate::Passed, AlertState::Firing(firing))),
        "At 2026-11-20T20:00:00Z 5xx+timeout share of requests for dhl was 12.5% (40 of 320): above 5%, \
         surely above 7%. A critical alert is open since 2026-11-20T19:55:00Z (the condition since \
         2026-11-20T19:50:00Z); it resolves once the condition is gone for 5m."
    );
    let clearing = AlertState::Firing(Firing { clear_since: Some(AT.plus_ms(-60_000)), ..firing });
    let muted = ExplainedSlot {
        muted_by: Some(MutedBy::Maintenance),
        ..slot(Gate::BelowThreshold, clearing)
    };
    let text = explained(muted);
    let next = "gone since 2026-11-20T19:59:00Z, it resolves at 2026-11-20T20:04:00Z";
    assert!(text.contains("not above 5%") && text.contains(next), "{text}");
    assert!(text.ends_with("It is muted: maintenance was announced."), "{text}");
    let text = explained(slot(Gate::Uncertain, AlertState::Pending { since: AT }));
    assert!(text.contains("could be chance: it is surely only above 7%"), "{text}");
    assert!(text.contains("it fires at 2026-11-20T20:05:00Z"), "{text}");
    let nothing = ExplainedSlot { evidence: None, ..slot(Gate::Passed, AlertState::Inactive) };
    assert_eq!(
        explained(nothing),
        "At 2026-11-20T20:00:00Z there was no data of 5xx+timeout share of requests for dhl in 5m. No alert \
         is open."
    );
}
