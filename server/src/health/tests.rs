use super::*;

fn well() -> Facts {
    Facts {
        is_readable: true,
        evaluation_lag_ms: Some(1_000),
        disk_free_bytes: Some(10 << 30),
        ..Facts::default()
    }
}

#[test]
fn a_server_without_problems_is_ready() {
    let health = assess(&well());
    assert_eq!(health, Health::default());
    assert!(health.is_ready() && Ability::ALL.into_iter().all(|ability| health.has(ability)));
}

#[test]
fn a_write_failure_takes_three_abilities_and_leaves_answers() {
    let health = assess(&Facts { write_failure: Some("No space".into()), ..well() });
    assert!(!health.is_ready() && !health.needs_restart);
    let lost: Vec<_> = Ability::ALL.into_iter().filter(|ability| !health.has(*ability)).collect();
    assert_eq!(lost, [Ability::Accept, Ability::Evaluate, Ability::Deliver]);
    assert!(health.to_string().contains("No space; the store goes on by itself"), "{health}");
    let facts = Facts { write_failure: Some("EIO".into()), needs_restart: true, ..well() };
    assert!(assess(&facts).needs_restart);
}

#[test]
fn a_changed_data_directory_takes_three_abilities_and_needs_a_restart() {
    let facts = Facts { directory_change: Some("the data directory is missing".into()), ..well() };
    let health = assess(&facts);
    let left: Vec<_> = Ability::ALL.into_iter().filter(|ability| health.has(*ability)).collect();
    assert_eq!((left, health.needs_restart), (vec![Ability::Answer], true));
    assert_eq!(health.to_string(), "the data directory is missing");
}

#[test]
fn a_late_evaluation_is_a_failure_once_it_makes_no_progress() {
    let of = |lag: Option<i64>, idle_ms| {
        assess(&Facts { evaluation_lag_ms: lag, evaluation_idle_ms: idle_ms, ..well() })
    };
    assert_eq!(of(Some(EVALUATION_LATE_MS), 60_000), Health::default());
    assert!(of(Some(3_600_000), 200).is_ready(), "it catches up");
    assert_eq!(of(Some(3_600_000), 200).problems.len(), 1);
    assert!(!of(Some(EVALUATION_LATE_MS + 1), EVALUATION_STALLED_MS + 1).has(Ability::Evaluate));
    assert!(of(None, 1_000).is_ready(), "it has just started");
    assert!(!of(None, 20_000).is_ready());
    // The clock was set back: nothing is late.
    assert_eq!(of(Some(-600_000), 60_000), Health::default());
}

#[test]
fn warnings_leave_the_server_ready() {
    let facts = Facts {
        waiting: vec![("oncall".into(), NOTIFICATION_LATE_MS), ("hub".into(), 1_000)],
        damage: vec!["block 3 is damaged".into()],
        disk_free_bytes: Some(1 << 20),
        rules_error: Some("line 3".into()),
        nearly_full: vec![("streams", 80, 100)],
        partners_refused: Some(5_100),
        is_open_to_others: true,
        ..well()
    };
    let health = assess(&facts);
    assert!(health.is_ready());
    assert_eq!(health.problems.len(), 7);
    let reasons: Vec<_> = health.reasons(Ability::Accept).collect();
    assert!(reasons.iter().any(|reason| reason.contains("there are 5100; name")), "{reasons:?}");
    assert_eq!(health.reasons(Ability::Deliver).count(), 1);
}

#[test]
fn an_ended_task_needs_a_restart() {
    let health = assess(&Facts { ended_tasks: vec!["delivery"], ..well() });
    assert!(health.needs_restart && !health.has(Ability::Deliver) && health.has(Ability::Accept));
    let health = assess(&Facts { ended_tasks: vec!["the writer"], ..well() });
    assert!(health.needs_restart && !health.has(Ability::Accept) && health.has(Ability::Answer));
}

#[test]
fn a_problem_whose_numbers_change_is_not_new() {
    let late = |lag| Facts { evaluation_lag_ms: Some(lag), evaluation_idle_ms: lag, ..well() };
    let (before, after) = (assess(&late(20_000)), assess(&late(21_000)));
    assert_ne!(before, after);
    assert_eq!(after.new_since(&before).count(), 0);
    assert_eq!(after.new_since(&Health::default()).count(), 1);
}

#[test]
fn alerts_are_in_danger_when_nobody_may_be_notified_in_time() {
    let danger = |facts: Facts| assess(&facts).alerts_endangered_by().map(str::to_owned);
    let disabled = |count: usize| {
        (0..count).map(|i| (format!("r{i}"), "it answered 410".to_owned())).collect()
    };
    let two = || Facts { receivers: 2, ..well() };
    let harmless = [
        well(),
        Facts { waiting: vec![("oncall".into(), NOTIFICATION_LATE_MS - 1)], ..two() },
        Facts { disabled: disabled(1), ..two() },
        Facts { damage: vec!["block 3 is damaged".into()], disk_free_bytes: Some(1), ..two() },
        Facts {
            rules_error: Some("line 3".into()),
            nearly_full: vec![("streams", 80, 100)],
            ..two()
        },
    ];
    for facts in harmless {
        assert_eq!(danger(facts.clone()), None, "{facts:?}");
    }
    let harmful = [
        (Facts { write_failure: Some("EIO".into()), ..well() }, "EIO"),
        (Facts { is_readable: false, ..well() }, "cannot be read"),
        (Facts { ended_tasks: vec!["sealing"], ..well() }, "sealing has stopped"),
        (Facts { evaluation_lag_ms: Some(60_000), ..well() }, "60 s late"),
        (Facts { waiting: vec![("oncall".into(), NOTIFICATION_LATE_MS)], ..two() }, "\"oncall\""),
        (Facts { disabled: disabled(2), ..two() }, "every receiver is disabled"),
    ];
    for (facts, reason) in harmful {
        let found = danger(facts);
        assert!(found.as_ref().is_some_and(|found| found.contains(reason)), "{reason}: {found:?}");
    }
}

#[test]
fn a_clock_that_was_set_far_forward_is_a_warning() {
    let health = assess(&Facts { clock_ahead_ms: 1, ..well() });
    assert!(health.is_ready());
    let reasons: Vec<_> = health.reasons(Ability::Accept).collect();
    assert!(matches!(&reasons[..], [one] if one.contains("restart the server")), "{reasons:?}");
    assert_eq!(assess(&Facts { clock_ahead_ms: -3_600_000, ..well() }), Health::default());
}
