use super::*;
use crate::rule::{PagerDutyTarget, Secret, Target};

fn release(name: &str, partners: &[&str], environments: &[&str]) -> ReportedRelease {
    let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    ReportedRelease {
        name: name.to_owned(),
        partners: set(partners),
        environments: set(environments),
    }
}

fn rules(takes_changes: bool) -> RuleSet {
    let url = "https://events.pagerduty.com".to_owned();
    let target = Target::PagerDuty(PagerDutyTarget { url, routing_key: Secret::new("R0UT1NG") });
    let receiver = |name: &str, takes_changes| Receiver {
        takes_changes,
        ..Receiver::new(name.into(), target.clone())
    };
    let receivers = vec![receiver("oncall", takes_changes), receiver("other", false)];
    RuleSet { receivers, ..RuleSet::default() }
}

#[test]
fn a_release_is_notified_once_and_only_to_receivers_that_take_changes() {
    let mut releases = Releases::default();
    let at = TimestampMs(1_795_204_800_000);
    let mut update = |takes_changes, reported: &[ReportedRelease]| -> Vec<String> {
        let unknown: Vec<ReportedRelease> =
            reported.iter().filter(|it| !releases.is_known(&it.name)).cloned().collect();
        let notices = releases.update(&rules(takes_changes), &unknown, at);
        assert!(notices.iter().all(|it| it.is_notice() && it.notify.receivers.len() == 1));
        assert!(notices.iter().all(|it| it.notify.receivers[0].receiver == "oncall"));
        notices.into_iter().map(|it| it.symptom).collect()
    };
    let first = [release("", &["dhl"], &["production"]), release("2.4.0", &["dhl"], &[""])];
    assert_eq!(update(true, &first), [""; 0], "what is reported at first is not new");
    assert_eq!(update(true, &[release("2.4.0", &["dhl", "ups"], &[""])]), [""; 0]);
    assert_eq!(update(true, &[release("2.4.1", &[], &[])]), [""; 0], "a drill is no release");
    let rolled_out = [release("2.4.1", &["dhl", "ups"], &["production", "staging"])];
    let line = "Release 2.4.1 is reported for the first time, of dhl, ups in production, staging, \
                at 2026-11-20T20:00:00Z";
    assert_eq!(update(true, &rolled_out), [line]);
    assert_eq!(update(true, &rolled_out), [""; 0]);
    assert_eq!(update(false, &[]), [""; 0]);
    let later = [release("2.4.2", &["dhl"], &["production"])];
    assert_eq!(update(true, &later), [""; 0], "no receiver took changes when it was reported");
    let many = [release("3.0", &["a", "b", "c", "d", "e", "f", "g"], &[""])];
    let [line] = &update(true, &many)[..] else { panic!("one release") };
    assert!(line.contains("of a, b, c, d, e and 2 more, at"), "{line}");
}
