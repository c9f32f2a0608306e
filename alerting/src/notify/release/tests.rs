use plimsoll_storage::{Options, Outcome, Slot, StreamRef};

use super::*;
use crate::rule::{PagerDutyTarget, Secret, Target};

fn report(store: &Store, partner: &str, environment: &str, release: &str) {
    let labels = [partner, "", environment, "", release];
    let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
    let mut batch = store.batch();
    let cell = batch.activity(stream, Slot(7)).unwrap();
    cell.record(Outcome::Status2xx, None, TimestampMs(70_000));
    store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).unwrap();
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
fn a_release_is_news_once_and_only_to_those_who_ask() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(directory.path())).unwrap();
    let mut releases = Releases::default();
    let at = TimestampMs(1_795_204_800_000);
    let mut follow = |wanted| -> Vec<String> {
        let news = releases.follow(&rules(wanted), &store, at);
        assert!(news.iter().all(|it| it.is_notice() && it.receivers.len() == 1));
        assert!(news.iter().all(|it| it.receivers[0].receiver == "oncall"));
        news.into_iter().map(|it| it.symptom).collect()
    };
    report(&store, "dhl", "production", "2.4.0");
    report(&store, "dhl", "production", "");
    assert_eq!(follow(true), [""; 0], "what is there at first is no news");
    report(&store, "ups", "production", "2.4.0");
    assert_eq!(follow(true), [""; 0]);
    report(&store, "dhl", SANDBOX, "2.4.1");
    assert_eq!(follow(true), [""; 0], "a drill is no release");
    report(&store, "ups", "production", "2.4.1");
    report(&store, "dhl", "staging", "2.4.1");
    let news = "Release 2.4.1 is reported for the first time, of dhl, ups in production, staging, \
                    at 2026-11-20T20:00:00Z";
    assert_eq!(follow(true), [news]);
    assert_eq!(follow(true), [""; 0]);
    assert_eq!(follow(false), [""; 0]);
    report(&store, "dhl", "production", "2.4.2");
    assert_eq!(follow(true), [""; 0], "nobody had asked when it came");
    for partner in ["a", "b", "c", "d", "e", "f", "g"] {
        report(&store, partner, "", "3.0");
    }
    let [many] = &follow(true)[..] else { panic!("one release") };
    assert!(many.contains("of a, b, c, d, e and 2 more, at"), "{many}");
}
