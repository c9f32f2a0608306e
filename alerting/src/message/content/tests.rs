use super::*;
use crate::testing::alert;

#[test]
fn the_content_has_all_parts() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&plimsoll_storage::Options::new(dir.path())).unwrap();
    let text =
        "partners:\n  - { name: dhl, contacts: [ops@dhl.example, '+49 1'] }\n  - { name: ups }\n";
    let rules = RuleSet::parse(text, &|_| None, dir.path()).unwrap();
    let mut alert = alert();
    alert.runbook = "partner-5xx".into();
    let ups = GroupLabels::new([(Label::Partner, "ups & co".to_owned())]);
    let source = ContentSource {
        rules: &rules,
        base_url: "https://plimsoll.example",
        sharing: BTreeSet::from([&alert.labels, &ups]),
        at: alert.fired_at,
    };
    let content = compose(&alert, &source, find(&store, &alert, &source));
    assert_eq!((content.which, content.which_more), (vec!["dhl".into(), "ups & co".into()], 0));
    assert_eq!((content.value, content.threshold), ("12.5%".into(), "> 5%".into()));
    assert_eq!(content.basis, "320 items in 5m");
    assert_eq!(content.contacts, ["dhl: ops@dhl.example, +49 1"]);
    assert_eq!(content.steps.len(), 4);
    assert_eq!(content.steps[0], "Check what they share: our network, our release, a proxy.");
    let step = &content.steps[1];
    assert!(step.starts_with("Is it still going on, and since when?\n    START="), "{step}");
    let command = "\n    curl -s \"https://plimsoll.example/api/v1/query/outcomes?stream=requests&partner=dhl&";
    assert!(step.contains(command), "{step}");
    assert_eq!(
        content.links.dashboard,
        "https://plimsoll.example/partners/dhl?from=2026-11-20T19:00:00Z"
    );
    assert_eq!(
        content.links.explain,
        "https://plimsoll.example/rules/partner-5xx?at=2026-11-20T20:05:00Z&partner=dhl"
    );
    assert_eq!(
        content.links.runbook.as_deref(),
        Some(format!("https://plimsoll.example/runbooks/partner-5xx?alert={}", alert.id).as_str())
    );
}

#[test]
fn text_in_a_url_is_encoded() {
    assert_eq!(url_encoded("ups & co/ü"), "ups%20%26%20co%2F%C3%BC");
}
