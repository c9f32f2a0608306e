use plimsoll_storage::{Cell, Label, Options, Outcome, Slot, StreamKind, StreamRef, TimestampMs};

use super::*;

fn rules(runbook: &str, partner: &str) -> RuleSet {
    let text = format!(
        r#"
receivers:
  - name: hub
    webhook: {{ url: "https://hub.example", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }}
  - name: spare
    webhook: {{ url: "https://hub.example", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }}
rules:
  - name: r
    owner: o
    runbook: "{runbook}"
    signal: {{ ratio: {{ of: [5xx], stream: requests }} }}
    match: {{ partner: {partner} }}
    critical: "> 5%"
    notify: [hub]
"#
    );
    RuleSet::parse(&text, &|_| None, Path::new(".")).expect("a rules file")
}

#[test]
fn a_runbook_is_a_page_a_file_or_a_url() {
    let beside = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(beside.path().join("mine.md"), "# Mine").expect("written");
    for good in ["partner-5xx", "mine.md", "https://wiki.example/r"] {
        assert!(without_runbook(&rules(good, "dhl"), beside.path()).is_empty(), "{good}");
    }
    let [warning] = &without_runbook(&rules("yours.md", "dhl"), beside.path())[..] else {
        panic!("one warning");
    };
    assert!(warning.contains("rule r") && warning.contains("yours.md"), "{warning}");
}

#[test]
fn who_is_notified_is_said_as_it_is() {
    let mut rules = rules("partner-5xx", "dhl");
    let rule = &mut rules.rules[0];
    assert_eq!(notified(rule), "hub");
    rule.notify_policy.from = Severity::Critical;
    assert_eq!(notified(rule), "hub");
    rule.warning = Some(0.01);
    assert_eq!(notified(rule), "hub when critical");
    rule.critical = None;
    assert_eq!(notified(rule), "nobody (warnings are only recorded)");
    rule.notify_policy.mode = RuleMode::Shadow;
    assert_eq!(notified(rule), "nobody (in shadow mode)");
    rule.notify.clear();
    assert_eq!(notified(rule), "nobody");
}

#[test]
fn one_is_singular() {
    let texts = [0, 1, 2].map(|count| counted(count, "rule"));
    assert_eq!(texts, ["0 rules", "1 rule", "2 rules"]);
}

/// A store with cells of the requests of dhl.
fn store_of(path: &Path, cells: impl Iterator<Item = (u32, Cell)>) -> Store {
    let store = Store::open(&Options::new(path)).expect("the store opens");
    let mut labels = [""; Label::COUNT];
    labels[Label::Partner as usize] = "dhl";
    let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
    let mut batch = store.batch();
    for (slot, cell) in cells {
        *batch.activity(stream, Slot(slot)).expect("room for the stream") = cell;
    }
    store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).expect("appended");
    store
}

#[test]
fn rules_that_match_nothing_are_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_of(directory.path(), [(5, Cell::default())].into_iter());
    assert!(matching_nothing(&rules("partner-5xx", "dhl"), &store).is_empty());
    assert_eq!(matching_nothing(&rules("partner-5xx", "ups"), &store).len(), 1);
}

#[test]
fn a_threshold_that_every_hour_crosses_is_named() {
    let hour = |hour: u32| {
        let bad = if hour.is_multiple_of(2) { 20 } else { 1 };
        let at = TimestampMs(i64::from(hour) * 3_600_000 + 51_000);
        let mut cell = Cell::default();
        (0..bad).for_each(|_| cell.record(Outcome::Status5xx, None, at));
        (bad..100).for_each(|_| cell.record(Outcome::Status2xx, None, at));
        (360 * hour + 5, cell)
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_of(directory.path(), (0..48).map(hour));
    let [warning] = &noisy_thresholds(&rules("partner-5xx", "dhl"), &store).expect("read")[..]
    else {
        panic!("one warning");
    };
    assert!(
        warning.contains("dhl crossed it in 24 of the last 48 hours; 98% of them stay within 20%"),
        "{warning}"
    );
}
