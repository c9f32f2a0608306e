use super::*;

#[test]
fn the_context_becomes_a_rules_file() {
    let context: Context = serde_json::from_str(
        r#"{"start":0,"end":1,"score_from":0,"step_s":60,
            "partners":[{"name":"shop-00","country":"PL","tier":"huge"},
                        {"name":"carrier-01","country":"XX"}],
            "maintenance":[{"partner":"shop-00","start":1773372300,"end":1773377580,"announced_at":1}],
            "holidays":[{"country":"PL","start":1773097200,"end":1773183600}]}"#,
    )
    .expect("a context");
    let expected = "partners:
  - { name: shop-00, kind: shop, country: PL, time_zone: Europe/Warsaw }
  - { name: carrier-01, kind: carrier, country: XX }
maintenance:
  - { match: { partner: shop-00 }, start: 2026-03-13T03:25:00Z, end: 2026-03-13T04:53:00Z, \
author: shop-00, reason: announced }
holidays:
  - { country: PL, date: 2026-03-10 }
";
    assert_eq!(rules_yaml(&context).expect("in the calendar"), expected);
}
