use super::*;
use crate::testing::alert;

#[test]
fn a_page_says_all_there_is_to_say() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&plimsoll_storage::Options::new(dir.path())).unwrap();
    let text =
        "partners:\n  - { name: dhl, contacts: [ops@dhl.example, '+49 1'] }\n  - { name: ups }\n";
    let rules = RuleSet::parse(text, &|_| None, dir.path()).unwrap();
    let mut alert = alert();
    alert.runbook = "partner-5xx".into();
    let ups = GroupLabels::new([(Label::Partner, "ups & co".to_owned())]);
    let source = Source {
        store: &store,
        rules: &rules,
        base_url: "https://plimsoll.example",
        sharing: BTreeSet::from([&alert.labels, &ups]),
        at: alert.fired_at,
        tells_trend: true,
    };
    let page = Page::of(&alert, &source);
    assert_eq!((page.which, page.which_more), (vec!["dhl".into(), "ups & co".into()], 0));
    assert_eq!((page.value, page.threshold), ("12.5%".into(), "> 5%".into()));
    assert_eq!(page.basis, "320 items in 5m");
    assert_eq!(page.contacts, ["dhl: ops@dhl.example, +49 1"]);
    assert_eq!(page.steps.len(), 3);
    assert_eq!(page.steps[0], "Is it still going on, and since when?");
    assert_eq!(
        page.links.dashboard,
        "https://plimsoll.example/partners/dhl?from=2026-11-20T19:00:00Z"
    );
    assert_eq!(
        page.links.explain,
        "https://plimsoll.example/api/v1/rules/partner-5xx/explain?at=2026-11-20T20:05:00Z&partner=dhl"
    );
    assert_eq!(
        page.links.runbook.as_deref(),
        Some("https://plimsoll.example/runbooks/partner-5xx")
    );
}

#[test]
fn text_in_an_address_cannot_end_it() {
    assert_eq!(escaped("ups & co/ü"), "ups%20%26%20co%2F%C3%BC");
}
