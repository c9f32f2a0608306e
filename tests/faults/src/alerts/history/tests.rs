//! Tests of comparing what receivers got.

use super::*;

const EXPECTED: [&str; 4] =
    ["open", "received /hub 1 trigger a", "received /hub 2 resolve a", "done 3"];

/// Marks as the driver writes them: of each notification only id, action and dedup key are given.
fn history(marks: &[&str], keeps_acknowledged: bool) -> History {
    let mark = |mark: &&str| match mark.split(' ').collect::<Vec<_>>()[..] {
        ["received", path, id, action, key] => {
            let alert = serde_json::json!({ "dedup_key": key, "action": action });
            format!("received {path} {id} {}", serde_json::json!({ "data": { "alert": alert } }))
        }
        _ => (*mark).to_owned(),
    };
    let marks: Vec<String> = marks.iter().map(mark).collect();
    History::of(marks.iter().map(String::as_str), keeps_acknowledged)
}

fn compare(marks: &[&str], keeps_acknowledged: bool) -> Result<(), String> {
    history(marks, keeps_acknowledged).compare(&history(&EXPECTED, true), keeps_acknowledged)
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
    assert!(!again(&[open, trigger, open, "received /hub 1 escalate a", resolve]), "other content");
}

#[test]
fn a_missing_one_an_invented_one_and_another_order_are_wrong() {
    let [open, trigger, resolve, _] = EXPECTED;
    let is_right = |marks: &[&str]| compare(marks, true).is_ok() || compare(marks, false).is_ok();
    assert!(!is_right(&[open, trigger]));
    assert!(!is_right(&[open, resolve, trigger]));
    assert!(!is_right(&[open, trigger, resolve, "received /hub 3 trigger b"]));
    assert!(!is_right(&[open, trigger, "received /lead 2 resolve a"]));
}

#[test]
fn after_a_loss_of_what_was_acknowledged_it_comes_again() {
    let [open, trigger, resolve, _] = EXPECTED;
    let marks = [open, trigger, "delivered", resolve, open, trigger, resolve];
    assert!(compare(&marks, false).is_ok());
    assert!(compare(&marks, true).is_err());
}
