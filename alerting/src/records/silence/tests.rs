use plimsoll_storage::Options;

use super::*;

fn silence(end: i64) -> Silence {
    let silence = Silence {
        id: String::new(),
        matches: LabelMatchers::any_of(Label::Partner, ["dhl", "ups"]),
        rule: None,
        period: Period { start: TimestampMs(100), end: TimestampMs(end), weekly: None },
        author: "ann".into(),
        reason: "vendor call".into(),
        created_at: TimestampMs(50),
    };
    silence.with_id()
}

fn labels(partner: &str) -> GroupLabels {
    GroupLabels::new([(Label::Partner, partner.to_owned()), (Label::Site, "ams1".to_owned())])
}

#[test]
fn it_covers_what_it_names_from_start_to_end() {
    let mut silence = silence(200);
    assert!(silence.covers("r", &labels("dhl"), TimestampMs(100)));
    assert!(!silence.covers("r", &labels("dhl"), TimestampMs(200)));
    assert!(!silence.covers("r", &labels("dpd"), TimestampMs(150)));
    assert!(!silence.covers("r", &GroupLabels::default(), TimestampMs(150)));
    silence.rule = Some("s".into());
    assert!(!silence.covers("r", &labels("dhl"), TimestampMs(150)));
}

#[test]
fn one_that_repeats_is_kept_with_its_hours_and_its_end_is_seen_coming() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let days = ["sun".to_owned()];
    let mut silence = silence(100 + 7 * 86_400_000);
    silence.period.weekly = Some(Schedule::read(&days, "02:00", "04:00", "Europe/Berlin").unwrap());
    assert!(put(&store, &silence, TimestampMs(100)).unwrap());
    assert_eq!(list(&store).unwrap(), [silence.clone()]);
    assert_eq!(silence.scope(), "partner dhl or ups");
    let end = silence.period.end;
    for (before_ms, is_soon) in [(SILENCE_REMINDER_MS + 1, false), (1, true), (0, false)] {
        assert_eq!(silence.ends_soon(end.plus_ms(-before_ms)), is_soon, "{before_ms}");
    }
    silence.period.start = end.plus_ms(-400_000);
    assert!(!silence.ends_soon(end.plus_ms(-100_001)) && silence.ends_soon(end.plus_ms(-100_000)));
}

#[test]
fn it_is_kept_and_let_go_of_long_after_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let (old, new) = (silence(200), silence(300));
    assert_ne!(old.id, new.id);
    assert!(put(&store, &old, TimestampMs(100)).unwrap());
    assert_eq!(get(&store, &old.id).unwrap(), Some(old.clone()));
    assert!(put(&store, &new, TimestampMs(201 + SILENCE_KEPT_MS)).unwrap());
    assert_eq!(list(&store).unwrap(), [new]);
}

#[test]
fn every_kind_of_condition_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(dir.path())).unwrap();
    let mut matches = LabelMatchers::new();
    matches.read(Label::Partner, ["~d.*", "!dpd", "!~dhl-.*"]).unwrap();
    matches.read(Label::Site, [r"ams1, \!x"]).unwrap();
    let silence = Silence { matches, ..silence(200) }.with_id();
    assert!(put(&store, &silence, TimestampMs(100)).unwrap());
    assert_eq!(get(&store, &silence.id).unwrap().as_ref(), Some(&silence));
    assert_eq!(silence.scope(), r"partner !dpd, partner ~d.*, partner !~dhl-.*, site \!x or ams1");
}

#[test]
fn a_condition_on_values_has_the_number_of_its_label() {
    let mut values = LabelMatchers::any_of(Label::Site, ["!a", "~b"]);
    let (label, matcher) = values.iter().next().unwrap();
    let row = numbered(label, matcher);
    assert_eq!(row, (Label::Site as u8, vec!["!a".to_owned(), "~b".to_owned()]));
    let (label, matcher) = condition(row.0, row.1).unwrap();
    values.replace(label, matcher);
    assert!(values.accept(|_| Some("!a")) && !values.accept(|_| Some("a")));
    assert!(condition(0x75, Vec::new()).is_none() && condition(0x20, vec!["(".into()]).is_none());
}
