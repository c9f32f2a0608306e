//! Tests of comparing what receivers got.

use super::*;

const EXPECTED: [&str; 4] =
    ["open", "received /hub 1 triggered a", "received /hub 2 resolved a", "done 3"];

/// Marks as the driver writes them: of each notification only id, action and dedup key are given.
fn history(marks: &[&str], tolerance: Tolerance) -> History {
    let mark = |mark: &&str| match mark.split(' ').collect::<Vec<_>>()[..] {
        ["received", path, id, action, key] => {
            let alert = serde_json::json!({ "dedup_key": key });
            let kind = format!("alert.{action}");
            let body = serde_json::json!({ "type": kind, "data": { "alert": alert } });
            format!("received {path} {id} {body}")
        }
        _ => (*mark).to_owned(),
    };
    let marks: Vec<String> = marks.iter().map(mark).collect();
    History::of(marks.iter().map(String::as_str), tolerance).expect("readable")
}

fn compare(marks: &[&str], keeps_acknowledged: bool) -> Result<(), String> {
    let tolerance = Tolerance { keeps_acknowledged, has_outages: false, was_down_long: false };
    history(marks, tolerance).compare(&history(&EXPECTED, tolerance), tolerance)
}

#[test]
fn what_was_in_the_outbox_at_a_crash_may_come_again_in_its_place() {
    let [open, trigger, resolve, _] = EXPECTED;
    let again = |marks: &[&str]| compare(marks, true).is_ok();
    assert!(again(&[open, trigger, resolve]));
    assert!(again(&[open, trigger, open, trigger, resolve]));
    assert!(!again(&[open, trigger, "delivered", open, trigger, resolve]), "it was delivered");
    assert!(!again(&[open, trigger, resolve, open, trigger]), "the resolve came before");
    assert!(!again(&[open, trigger, trigger, resolve]), "there was no crash");
    assert!(
        !again(&[open, trigger, open, "received /hub 1 escalated a", resolve]),
        "other content"
    );
}

#[test]
fn a_missing_one_an_invented_one_and_another_order_are_wrong() {
    let [open, trigger, resolve, _] = EXPECTED;
    let is_right = |marks: &[&str]| compare(marks, true).is_ok() || compare(marks, false).is_ok();
    assert!(!is_right(&[open, trigger]));
    assert!(!is_right(&[open, resolve, trigger]));
    assert!(!is_right(&[open, trigger, resolve, "received /hub 3 triggered b"]));
    assert!(!is_right(&[open, trigger, "received /lead 2 resolved a"]));
}

#[test]
fn after_a_loss_of_what_was_acknowledged_it_comes_again() {
    let [open, trigger, resolve, _] = EXPECTED;
    let marks = [open, trigger, "delivered", resolve, open, trigger, resolve];
    assert!(compare(&marks, false).is_ok());
    assert!(compare(&marks, true).is_err());
}

#[test]
fn while_receivers_are_down_whole_alerts_may_be_left_out() {
    let [open, trigger, resolve, _] = EXPECTED;
    let tolerance = Tolerance { keeps_acknowledged: true, has_outages: true, was_down_long: false };
    let (next, joined) = ("received /hub 3 triggered a", "received /hub 4 updated a");
    let expected = history(&[open, trigger, resolve, next, joined], tolerance);
    let is_right = |marks: &[&str]| history(marks, tolerance).compare(&expected, tolerance).is_ok();
    assert!(is_right(&[open, next, joined]));
    assert!(!is_right(&[open, trigger, next, joined]), "the resolve is missing");
    assert!(!is_right(&[open, resolve, next, joined]), "the trigger is missing");
    assert!(!is_right(&[open, trigger, resolve]), "the second alert is open");
    assert!(!is_right(&[open, trigger, resolve, next]), "an update is missing");
}

#[test]
fn after_a_long_downtime_the_end_is_the_same_and_each_alert_is_whole() {
    let [open, trigger, resolve, _] = EXPECTED;
    let tolerance = Tolerance { keeps_acknowledged: true, has_outages: false, was_down_long: true };
    let (next, later) = ("received /hub 3 triggered a", "received /hub 4 triggered a");
    let expected = history(&[open, trigger, resolve, next], tolerance);
    let is_right = |marks: &[&str]| history(marks, tolerance).compare(&expected, tolerance).is_ok();
    assert!(is_right(&[open, later]));
    assert!(is_right(&[open, trigger, resolve, later]));
    assert!(!is_right(&[open, trigger, later]), "the resolve is missing");
    assert!(!is_right(&[open, trigger, resolve]), "the second alert is open");
    assert!(!is_right(&[open]), "the second alert is open");
}
