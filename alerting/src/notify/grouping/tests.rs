use super::*;

const SETTINGS: GroupingSettings = GroupingSettings {
    by: Vec::new(),
    again_after_ms: 30 * 60_000,
    cascade_groups: 3,
    cascade_within_ms: 10 * 60_000,
    cascade_at_once_ms: 2 * 60_000,
    wait_critical_ms: 0,
    wait_warning_ms: 0,
};

fn settings() -> GroupingSettings {
    GroupingSettings { by: vec![Label::Partner], ..SETTINGS }
}

fn alert(rule: &str, partner: &str, kind: SignalKind, is_active: bool) -> AlertInput<'static> {
    let labels = GroupLabels::new([(Label::Partner, partner.to_owned())]);
    let (key, since) = ((rule.to_owned(), labels), TimestampMs(0));
    AlertInput { key, since, kind, severity: Severity::Critical, receivers: &[], is_active }
}

/// What happens, as `+rule partner` and `-rule partner`.
fn changes(grouping: &mut Grouping, minute: i64, alerts: &[AlertInput<'_>]) -> Vec<String> {
    let events = grouping.update(Some(&settings()), TimestampMs(minute * 60_000), alerts);
    lines(&events)
}

fn lines(events: &[GroupEvent]) -> Vec<String> {
    let line = |event: &GroupEvent| {
        let mark = match event.change {
            GroupChange::Trigger => '+',
            GroupChange::Update => '~',
            GroupChange::Resolve => '-',
        };
        format!("{mark}{} {}", event.alert.0.0, event.alert.0.1.title())
    };
    events.iter().map(line).collect()
}

#[test]
fn a_notification_waits_for_others_and_the_worst_of_them_triggers_it() {
    let settings =
        GroupingSettings { wait_critical_ms: 20_000, wait_warning_ms: 60_000, ..settings() };
    let input = |rule: &str, partner: &str, severity| {
        let alert = alert(rule, partner, SignalKind::Ratio, true);
        AlertInput { severity, ..alert }
    };
    let warning = input("5xx", "a", Severity::Warning);
    let critical = input("429", "b", Severity::Critical);
    let update = |grouping: &mut Grouping, second: i64, alerts: &[AlertInput]| {
        lines(&grouping.update(Some(&settings), TimestampMs(second * 1_000), alerts))
    };
    let mut grouping = Grouping::default();
    assert_eq!(update(&mut grouping, 0, std::slice::from_ref(&warning)), [""; 0]);
    assert!(grouping.waiting().eq([&warning.key]) && grouping.contains(&warning.key));
    assert_eq!(update(&mut grouping, 50, std::slice::from_ref(&warning)), [""; 0]);
    assert_eq!(update(&mut grouping, 60, std::slice::from_ref(&warning)), ["+5xx a"]);
    assert!(grouping.waiting().next().is_none());

    // Another joins while it waits, and makes it urgent.
    let mut grouping = Grouping::default();
    let both = [warning, critical.clone()];
    assert_eq!(update(&mut grouping, 0, &both[..1]), [""; 0]);
    assert_eq!(update(&mut grouping, 10, &both), [""; 0]);
    assert_eq!(update(&mut grouping, 20, &both), ["+429 b"]);
    assert_eq!(grouping.sharing(&critical.key).len(), 2);

    // Nothing is sent when all have ended by then.
    let mut grouping = Grouping::default();
    assert_eq!(update(&mut grouping, 0, std::slice::from_ref(&critical)), [""; 0]);
    let over = AlertInput { is_active: false, ..critical };
    assert_eq!(update(&mut grouping, 10, &[over]), [""; 0]);
    assert_eq!(grouping, Grouping::default());
}

#[test]
fn a_notification_is_updated_as_groups_join_and_leave_but_not_too_often() {
    let mut grouping = Grouping::default();
    let fails = |partner| alert("5xx", partner, SignalKind::Ratio, true);
    let three = ["a", "b", "c"].map(fails);
    let second = |grouping: &mut Grouping, second: i64, alerts: &[AlertInput]| {
        lines(&grouping.update(Some(&settings()), TimestampMs(second * 1_000), alerts))
    };
    assert_eq!(second(&mut grouping, 0, &three), ["+5xx a"]);
    let four = [&three[..], &[fails("d")]].concat();
    assert_eq!(second(&mut grouping, 10, &four), [""; 0], "it was triggered just now");
    assert_eq!(second(&mut grouping, 120, &four), ["~5xx a"]);
    assert_eq!(second(&mut grouping, 500, &four), [""; 0], "nothing has changed");
    let ends = |partner| alert("5xx", partner, SignalKind::Ratio, false);
    assert_eq!(second(&mut grouping, 510, &[ends("a"), ends("b")]), ["~5xx a"]);
    assert_eq!(second(&mut grouping, 700, &[ends("c"), ends("d")]), ["-5xx a"]);
    assert_eq!(grouping, Grouping::default());
}

#[test]
fn one_partner_is_one_notification_until_everything_has_ended() {
    let mut grouping = Grouping::default();
    let (errors, slow) = (SignalKind::Ratio, SignalKind::Latency);
    assert_eq!(changes(&mut grouping, 0, &[alert("5xx", "dhl", errors, true)]), ["+5xx dhl"]);
    assert_eq!(changes(&mut grouping, 1, &[alert("p95", "dhl", slow, true)]), [""; 0]);
    assert_eq!(changes(&mut grouping, 2, &[alert("5xx", "dhl", errors, false)]), [""; 0]);
    assert_eq!(changes(&mut grouping, 3, &[alert("p95", "dhl", slow, false)]), ["-5xx dhl"]);
    assert_eq!(grouping, Grouping::default());
}

#[test]
fn another_signal_triggers_again_after_a_while_and_the_same_does_not() {
    let mut grouping = Grouping::default();
    let ratio = |rule, is_active| alert(rule, "dhl", SignalKind::Ratio, is_active);
    assert_eq!(changes(&mut grouping, 0, &[ratio("5xx", true)]).len(), 1);
    assert_eq!(changes(&mut grouping, 40, &[ratio("429", true)]).len(), 0);
    let drop = alert("drop", "dhl", SignalKind::Drop, true);
    assert_eq!(changes(&mut grouping, 41, &[drop]), ["+drop dhl"]);
    let over = [ratio("5xx", false), ratio("429", false)];
    assert_eq!(changes(&mut grouping, 50, &over), [""; 0]);
    let drop = alert("drop", "dhl", SignalKind::Drop, false);
    assert_eq!(changes(&mut grouping, 60, &[drop]), ["-5xx dhl", "-drop dhl"]);
}

#[test]
fn the_third_partner_joins_the_cascade() {
    let mut grouping = Grouping::default();
    let fails = |partner| [alert("5xx", partner, SignalKind::Ratio, true)];
    assert_eq!(changes(&mut grouping, 0, &fails("a")), ["+5xx a"]);
    assert_eq!(changes(&mut grouping, 3, &fails("b")), ["+5xx b"]);
    assert_eq!(changes(&mut grouping, 9, &fails("c")), ["~5xx a"]);
    assert_eq!(changes(&mut grouping, 40, &fails("d")), ["+5xx d"]);
    let over = alert("5xx", "a", SignalKind::Ratio, false);
    assert_eq!(changes(&mut grouping, 50, &[over]), ["~5xx a"], "c is still open");
    let over = alert("5xx", "c", SignalKind::Ratio, false);
    assert_eq!(changes(&mut grouping, 51, &[over]), ["-5xx a"]);
}

#[test]
fn partners_that_fail_at_the_same_time_are_one_notification() {
    let fails = |partner| alert("5xx", partner, SignalKind::Ratio, true);
    let mut grouping = Grouping::default();
    assert_eq!(changes(&mut grouping, 0, &[fails("a"), fails("b")]), ["+5xx a"]);
    let mut grouping = Grouping::default();
    assert_eq!(changes(&mut grouping, 0, &[fails("a")]), ["+5xx a"]);
    assert_eq!(changes(&mut grouping, 2, &[fails("b")]), ["~5xx a"]);
    let slow = alert("p95", "c", SignalKind::Latency, true);
    assert_eq!(changes(&mut grouping, 2, &[slow]), ["+p95 c"], "of another kind");
}

#[test]
fn without_settings_each_alert_has_a_notification_of_its_own() {
    let mut grouping = Grouping::default();
    let alerts = ["5xx", "429"].map(|rule| alert(rule, "dhl", SignalKind::Ratio, true));
    let events = grouping.update(None, TimestampMs(0), &alerts);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].group, "5xx:partner=dhl");
}
