use super::*;
use crate::message::fault::{Fault, Tally};
use crate::testing::{alert, rule};

fn part(label: Label, value: &str, elsewhere: u64) -> Part {
    let tally = |bad, all| Tally { bad, all };
    let values = vec![value.to_owned()];
    Part { label, values, here: tally(41, 132), elsewhere: tally(0, elsewhere) }
}

fn step(parts: Vec<Part>, classes: Vec<(Outcome, u64)>) -> String {
    let (alert, rule) = (alert(), rule("r"));
    let fault = Fault { parts, classes, ..Fault::default() };
    let case = Case { alert: &alert, rule: Some(&rule), fault: &fault, at: alert.fired_at };
    case.first_step(None).expect("it is open")
}

#[test]
fn a_fault_of_one_part_is_looked_for_there() {
    let operation = || part(Label::Operation, "create_label", 600);
    let cases = [
        (vec![operation()], "Check what changed in create_label."),
        (
            vec![operation(), part(Label::Site, "ams1", 90)],
            "Check the network of ams1, and whether other partners fail there.",
        ),
        (
            vec![operation(), part(Label::Site, "ams1", 0), part(Label::Release, "2.4.1", 9)],
            "Compare release 2.4.1 with the others, and roll it back if it is new.",
        ),
    ];
    for (parts, expected) in cases {
        assert_eq!(step(parts, Vec::new()), expected);
    }
}

#[test]
fn a_fault_everywhere_is_looked_for_by_its_cause() {
    let everywhere = || vec![part(Label::Site, "ams1", 0)];
    assert!(step(everywhere(), vec![(Outcome::Timeout, 9)]).starts_with("Call dhl by hand"));
    assert!(step(everywhere(), vec![(Outcome::Auth, 9)]).contains("credential for dhl"));
    assert!(step(everywhere(), Vec::new()).starts_with("Read the status page of dhl"));
}

#[test]
fn an_alert_that_ended_or_lost_its_rule_has_no_first_step() {
    let (mut alert, rule, fault) = (alert(), rule("r"), Fault::default());
    let case = Case { alert: &alert, rule: None, fault: &fault, at: alert.fired_at };
    assert_eq!(case.first_step(None), None);
    alert.resolved_at = Some(alert.fired_at);
    let case = Case { alert: &alert, rule: Some(&rule), fault: &fault, at: alert.fired_at };
    assert_eq!(case.first_step(None), None);
}
