//! Tables and properties of the state machine.

use proptest::prelude::*;

use super::*;
use crate::records::row;

const SLOT_MS: i64 = 10_000;

/// Runs a script, one letter a slot: `.` normal, `w` warning, `c` critical, `?` no data. Returns
/// one line a transition: the slot's number, the change, the reason, and the severity from then on.
fn run(for_slots: i64, clear_slots: i64, script: &str) -> String {
    let timing = RuleTiming { for_ms: for_slots * SLOT_MS, clear_ms: clear_slots * SLOT_MS };
    let mut state = AlertState::Inactive;
    let mut lines = Vec::new();
    for (slot, letter) in script.chars().enumerate() {
        let at = TimestampMs(slot as i64 * SLOT_MS);
        let (next, transition) = step(timing, state, level(letter), at);
        state = next;
        if let Some(Transition { change, reason }) = transition {
            let severity = match state {
                AlertState::Firing(firing) => firing.severity.as_str(),
                AlertState::Inactive | AlertState::Pending { .. } => "-",
            };
            lines.push(format!("{slot} {change:?} {} {severity}", reason.as_str()));
        }
    }
    lines.join("; ")
}

fn level(letter: char) -> Level {
    match letter {
        'w' => Level::Reached(Severity::Warning),
        'c' => Level::Reached(Severity::Critical),
        '?' => Level::NoData,
        _ => Level::Normal,
    }
}

#[test]
fn the_state_machine_follows_its_table() {
    let table = [
        // for, clear, script, transitions
        (3, 2, "....", ""),
        (3, 2, ".ww.", "1 Pended condition_met -; 3 Cancelled condition_gone -"),
        (3, 2, ".ww?", "1 Pended condition_met -; 3 Cancelled data_gone -"),
        (3, 2, ".wwww", "1 Pended condition_met -; 4 Fired held_for warning"),
        // A problem that grows within `for` is one critical alert.
        (3, 2, "wwcc", "0 Pended condition_met -; 3 Fired held_for critical"),
        // A problem that shrinks within `for` is a warning.
        (3, 2, "ccww", "0 Pended condition_met -; 3 Fired held_for warning"),
        // Without `for` and without `clear` each slot decides alone.
        (0, 0, "c.", "0 Fired held_for critical; 1 Resolved cleared_for -"),
        // Critical must hold for `for` before it escalates.
        (
            1,
            2,
            "wwccw",
            "0 Pended condition_met -; 1 Fired held_for warning; 3 Escalated critical_held_for critical",
        ),
        (
            2,
            2,
            "wwwcwccc",
            "0 Pended condition_met -; 2 Fired held_for warning; 7 Escalated critical_held_for critical",
        ),
        // It eases after critical was gone for `clear`, and resolves when all is gone for `clear`.
        (
            1,
            2,
            "ccwww...",
            "0 Pended condition_met -; 1 Fired held_for critical; 4 Eased critical_gone warning; 7 Resolved cleared_for -",
        ),
        (
            1,
            2,
            "cc...",
            "0 Pended condition_met -; 1 Fired held_for critical; 4 Resolved cleared_for -",
        ),
        (
            1,
            2,
            "cc.???",
            "0 Pended condition_met -; 1 Fired held_for critical; 4 Resolved cleared_without_data -",
        ),
        // A condition that comes back restarts the clear timer.
        (
            1,
            2,
            "ww..w..w...",
            "0 Pended condition_met -; 1 Fired held_for warning; 10 Resolved cleared_for -",
        ),
        (
            1,
            3,
            "ww..w..w....",
            "0 Pended condition_met -; 1 Fired held_for warning; 11 Resolved cleared_for -",
        ),
        // The next alert starts from nothing.
        (
            1,
            1,
            "ww..ww",
            "0 Pended condition_met -; 1 Fired held_for warning; 3 Resolved cleared_for -; 4 Pended condition_met -; 5 Fired held_for warning",
        ),
    ];
    for (for_slots, clear_slots, script, expected) in table {
        assert_eq!(run(for_slots, clear_slots, script), expected, "{script}");
    }
}

#[test]
fn the_stored_bytes_of_a_state_stay_as_they_are() {
    let firing = Firing {
        since: TimestampMs(1_000),
        fired_at: TimestampMs(2_000),
        severity: Severity::Critical,
        clear_since: Some(TimestampMs(3_000)),
        moved_since: None,
    };
    let table = [
        (AlertState::Inactive, vec![3, 0]),
        (AlertState::Pending { since: TimestampMs(50) }, vec![3, 1, 100]),
        (AlertState::Firing(firing), vec![3, 2, 251, 208, 7, 251, 160, 15, 1, 1, 251, 112, 23, 0]),
    ];
    for (state, bytes) in table {
        assert_eq!(row::encode(&state), bytes, "{state:?}");
        assert_eq!(row::decode::<AlertState>("state", &bytes).unwrap(), state);
    }
}

fn script() -> impl Strategy<Value = Vec<char>> {
    // Runs of equal letters, so that timers get to their ends.
    let letter = prop::sample::select(vec!['.', 'w', 'c', '?']);
    proptest::collection::vec((letter, 1_usize..8), 1..20).prop_map(|runs| {
        runs.into_iter().flat_map(|(letter, times)| std::iter::repeat_n(letter, times)).collect()
    })
}

proptest! {
    #[test]
    fn a_state_restored_at_any_slot_goes_on_the_same(
        script in script(), for_slots in 0_i64..5, clear_slots in 0_i64..5
    ) {
        let timing = RuleTiming { for_ms: for_slots * SLOT_MS, clear_ms: clear_slots * SLOT_MS };
        let (mut straight, mut restored) = (AlertState::Inactive, AlertState::Inactive);
        for (slot, letter) in script.into_iter().enumerate() {
            let at = TimestampMs(slot as i64 * SLOT_MS);
            let one = step(timing, straight, level(letter), at);
            restored = row::decode("state", &row::encode(&restored)).unwrap();
            let two = step(timing, restored, level(letter), at);
            prop_assert_eq!(one, two);
            (straight, restored) = (one.0, two.0);
        }
    }

    #[test]
    fn every_alert_that_fires_resolves_once_the_condition_is_gone(
        script in script(), for_slots in 0_i64..5, clear_slots in 0_i64..5
    ) {
        let text: String = script.into_iter().chain(std::iter::repeat_n('.', 10)).collect();
        let lines = run(for_slots, clear_slots, &text);
        prop_assert_eq!(lines.matches("Fired").count(), lines.matches("Resolved").count());
        prop_assert_eq!(
            lines.matches("Pended").count() + if for_slots == 0 { lines.matches("Fired").count() } else { 0 },
            lines.matches("Fired").count() + lines.matches("Cancelled").count()
        );
    }

    #[test]
    fn nothing_fires_before_the_condition_held_for_long_enough(
        script in script(), for_slots in 1_i64..6
    ) {
        let timing = RuleTiming { for_ms: for_slots * SLOT_MS, clear_ms: 2 * SLOT_MS };
        let (mut state, mut run) = (AlertState::Inactive, 0);
        for (slot, letter) in script.into_iter().enumerate() {
            let at = TimestampMs(slot as i64 * SLOT_MS);
            run = if matches!(letter, 'w' | 'c') { run + 1 } else { 0 };
            let (next, transition) = step(timing, state, level(letter), at);
            if transition.is_some_and(|transition| transition.change == StateChange::Fired) {
                prop_assert!(run > for_slots);
            }
            state = next;
        }
    }
}
