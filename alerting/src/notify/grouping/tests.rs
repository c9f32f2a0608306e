use super::*;

const PAGES: GroupingSettings = GroupingSettings {
    by: Vec::new(),
    again_after_ms: 30 * 60_000,
    cascade_groups: 3,
    cascade_within_ms: 10 * 60_000,
    cascade_at_once_ms: 2 * 60_000,
    wait_critical_ms: 0,
    wait_warning_ms: 0,
};

fn pages() -> GroupingSettings {
    GroupingSettings { by: vec![Label::Partner], ..PAGES }
}

fn alert(rule: &str, partner: &str, kind: SignalKind, speaks: bool) -> AlertInput {
    let labels = GroupLabels::new([(Label::Partner, partner.to_owned())]);
    let severity = Severity::Critical;
    AlertInput { key: (rule.to_owned(), labels), since: TimestampMs(0), kind, severity, speaks }
}

/// What is said, as `+rule partner` and `-rule partner`.
fn said(pager: &mut Grouping, minute: i64, heard: &[AlertInput]) -> Vec<String> {
    let says = pager.hear(Some(&pages()), TimestampMs(minute * 60_000), heard);
    lines(&says)
}

fn lines(says: &[GroupEvent]) -> Vec<String> {
    let line = |say: &GroupEvent| {
        let mark = match say.word {
            GroupChange::Trigger => '+',
            GroupChange::Update => '~',
            GroupChange::Resolve => '-',
        };
        format!("{mark}{} {}", say.key.0, say.key.1.title())
    };
    says.iter().map(line).collect()
}

#[test]
fn a_message_waits_for_others_and_the_worst_of_them_speaks() {
    let pages = GroupingSettings { wait_critical_ms: 20_000, wait_warning_ms: 60_000, ..pages() };
    let heard = |rule: &str, partner: &str, severity| {
        let heard = alert(rule, partner, SignalKind::Ratio, true);
        AlertInput { severity, ..heard }
    };
    let warning = heard("5xx", "a", Severity::Warning);
    let critical = heard("429", "b", Severity::Critical);
    let hear = |pager: &mut Grouping, second: i64, heard: &[AlertInput]| {
        lines(&pager.hear(Some(&pages), TimestampMs(second * 1_000), heard))
    };
    let mut pager = Grouping::default();
    assert_eq!(hear(&mut pager, 0, std::slice::from_ref(&warning)), [""; 0]);
    assert!(pager.waits(&warning.key) && pager.holds(&warning.key));
    assert_eq!(hear(&mut pager, 50, std::slice::from_ref(&warning)), [""; 0]);
    assert_eq!(hear(&mut pager, 60, std::slice::from_ref(&warning)), ["+5xx a"]);
    assert!(!pager.waits(&warning.key));

    // Another joins while it waits, and makes it urgent.
    let mut pager = Grouping::default();
    let both = [warning, critical.clone()];
    assert_eq!(hear(&mut pager, 0, &both[..1]), [""; 0]);
    assert_eq!(hear(&mut pager, 10, &both), [""; 0]);
    assert_eq!(hear(&mut pager, 20, &both), ["+429 b"]);
    assert_eq!(pager.sharing(&critical.key).len(), 2);

    // What has ended before is not worth a word.
    let mut pager = Grouping::default();
    assert_eq!(hear(&mut pager, 0, std::slice::from_ref(&critical)), [""; 0]);
    let over = AlertInput { speaks: false, ..critical };
    assert_eq!(hear(&mut pager, 10, &[over]), [""; 0]);
    assert_eq!(pager, Grouping::default());
}

#[test]
fn a_message_is_brought_up_to_date_as_groups_come_and_go_but_not_too_often() {
    let mut pager = Grouping::default();
    let fails = |partner| alert("5xx", partner, SignalKind::Ratio, true);
    let three = ["a", "b", "c"].map(fails);
    let second = |pager: &mut Grouping, second: i64, heard: &[AlertInput]| {
        lines(&pager.hear(Some(&pages()), TimestampMs(second * 1_000), heard))
    };
    assert_eq!(second(&mut pager, 0, &three), ["+5xx a"]);
    let four = [&three[..], &[fails("d")]].concat();
    assert_eq!(second(&mut pager, 10, &four), [""; 0], "it was told just now");
    assert_eq!(second(&mut pager, 120, &four), ["~5xx a"]);
    assert_eq!(second(&mut pager, 500, &four), [""; 0], "nothing has changed");
    let ends = |partner| alert("5xx", partner, SignalKind::Ratio, false);
    assert_eq!(second(&mut pager, 510, &[ends("a"), ends("b")]), ["~5xx a"]);
    assert_eq!(second(&mut pager, 700, &[ends("c"), ends("d")]), ["-5xx a"]);
    assert_eq!(pager, Grouping::default());
}

#[test]
fn one_partner_is_one_message_until_everything_has_ended() {
    let mut pager = Grouping::default();
    let (errors, slow) = (SignalKind::Ratio, SignalKind::Latency);
    assert_eq!(said(&mut pager, 0, &[alert("5xx", "dhl", errors, true)]), ["+5xx dhl"]);
    assert_eq!(said(&mut pager, 1, &[alert("p95", "dhl", slow, true)]), [""; 0]);
    assert_eq!(said(&mut pager, 2, &[alert("5xx", "dhl", errors, false)]), [""; 0]);
    assert_eq!(said(&mut pager, 3, &[alert("p95", "dhl", slow, false)]), ["-5xx dhl"]);
    assert_eq!(pager, Grouping::default());
}

#[test]
fn another_signal_speaks_up_after_a_while_and_the_same_does_not() {
    let mut pager = Grouping::default();
    let ratio = |rule, speaks| alert(rule, "dhl", SignalKind::Ratio, speaks);
    assert_eq!(said(&mut pager, 0, &[ratio("5xx", true)]).len(), 1);
    assert_eq!(said(&mut pager, 40, &[ratio("429", true)]).len(), 0);
    let drop = alert("drop", "dhl", SignalKind::Drop, true);
    assert_eq!(said(&mut pager, 41, &[drop]), ["+drop dhl"]);
    let over = [ratio("5xx", false), ratio("429", false)];
    assert_eq!(said(&mut pager, 50, &over), [""; 0]);
    let drop = alert("drop", "dhl", SignalKind::Drop, false);
    assert_eq!(said(&mut pager, 60, &[drop]), ["-5xx dhl", "-drop dhl"]);
}

#[test]
fn the_third_partner_is_folded_into_the_cascade() {
    let mut pager = Grouping::default();
    let fails = |partner| [alert("5xx", partner, SignalKind::Ratio, true)];
    assert_eq!(said(&mut pager, 0, &fails("a")), ["+5xx a"]);
    assert_eq!(said(&mut pager, 3, &fails("b")), ["+5xx b"]);
    assert_eq!(said(&mut pager, 9, &fails("c")), ["~5xx a"]);
    assert_eq!(said(&mut pager, 40, &fails("d")), ["+5xx d"]);
    let over = alert("5xx", "a", SignalKind::Ratio, false);
    assert_eq!(said(&mut pager, 50, &[over]), ["~5xx a"], "c is still open");
    let over = alert("5xx", "c", SignalKind::Ratio, false);
    assert_eq!(said(&mut pager, 51, &[over]), ["-5xx a"]);
}

#[test]
fn partners_that_fail_at_the_same_time_are_one_message() {
    let fails = |partner| alert("5xx", partner, SignalKind::Ratio, true);
    let mut pager = Grouping::default();
    assert_eq!(said(&mut pager, 0, &[fails("a"), fails("b")]), ["+5xx a"]);
    let mut pager = Grouping::default();
    assert_eq!(said(&mut pager, 0, &[fails("a")]), ["+5xx a"]);
    assert_eq!(said(&mut pager, 2, &[fails("b")]), ["~5xx a"]);
    let slow = alert("p95", "c", SignalKind::Latency, true);
    assert_eq!(said(&mut pager, 2, &[slow]), ["+p95 c"], "of another kind");
}

#[test]
fn without_pages_each_alert_speaks_for_itself() {
    let mut pager = Grouping::default();
    let heard = ["5xx", "429"].map(|rule| alert(rule, "dhl", SignalKind::Ratio, true));
    let says = pager.hear(None, TimestampMs(0), &heard);
    assert_eq!(says.len(), 2);
    assert_eq!(says[0].group, "5xx:partner=dhl");
}
