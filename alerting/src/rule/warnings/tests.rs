use crate::rule::RuleSet;
use crate::rule::tests::parse;

const RATIO: &str =
    "owner: o, runbook: partner-5xx, signal: { ratio: { of: [5xx], stream: requests } }";

fn warnings(text: &str) -> Vec<String> {
    let set: RuleSet = parse(text).unwrap_or_else(|error| panic!("{error}"));
    set.warnings()
}

fn receivers(fields: &[(&str, &str)]) -> String {
    let one = |(name, fields): &(&str, &str)| {
        format!("  - {{ name: {name}, webhook: {{ url: 'https://h.example' }}{fields} }}\n")
    };
    format!("receivers:\n{}", fields.iter().map(one).collect::<String>())
}

#[test]
fn a_receiver_is_reached_by_rules_escalation_and_fail_over() {
    let chain = receivers(&[
        ("a", ", escalate: { to: b }"),
        ("b", ", fail_over: { to: c }"),
        ("c", ""),
        ("d", ", escalate: { to: e }"),
        ("e", ""),
    ]);
    let file =
        format!("{chain}rules:\n  - {{ name: r, {RATIO}, critical: '> 5%', notify: [a] }}\n");
    let unreached = |name: &str| {
        format!("receiver {name}: no rule notifies it, also not by `escalate` or `fail_over`")
    };
    assert_eq!(warnings(&file), [unreached("d"), unreached("e")]);
    let shadow = file.replace("notify: [a]", "notify: [a], mode: shadow");
    assert_eq!(warnings(&shadow).len(), 5);
}

#[test]
fn no_rules_and_plain_values_like_patterns_are_named() {
    assert_eq!(warnings("rules: []"), ["there are no rules, so nothing is evaluated"]);
    let file = |partner: &str| {
        let rule = format!(
            "rules:\n  - {{ name: r, {RATIO}, match: {{ partner: '{partner}' }}, critical: '> 5%', notify: [a] }}"
        );
        format!("{}{rule}\n", receivers(&[("a", "")]))
    };
    for value in ["dhl*", "dhl|ups", "!dhl.*"] {
        let plain = value.trim_start_matches('!');
        let expected = format!(
            "rule r: `match` has the plain value `{plain}`; a pattern begins with ~, as in ~dhl.*"
        );
        assert_eq!(warnings(&file(value)), [expected]);
    }
    assert_eq!(warnings(&file("~dhl|ups.*")), Vec::<String>::new());
}

#[test]
fn a_rule_of_which_nobody_is_notified_is_named() {
    let one = receivers(&[("a", "")]);
    let rule = |fields: &str| format!("{one}rules:\n  - {{ name: r, {RATIO}, {fields} }}\n");
    let silent = rule("warning: '> 5%', notify: [a], notify_from: critical");
    let silent = warnings(&silent).join("\n");
    assert!(silent.contains("receiver a: no rule notifies it"), "{silent}");
    let sandbox = rule("warning: '> 5%', notify: [a], match: { environment: sandbox }");
    assert!(warnings(&sandbox)[0].contains("it matches only the sandbox"));
    assert!(warnings(&rule("warning: '> 5%', notify: [a]")).is_empty());
    let none = format!("rules:\n  - {{ name: r, {RATIO}, critical: '> 5%', notify: ['*'] }}\n");
    assert_eq!(warnings(&none), ["there are no receivers, so nobody is notified"]);
}

#[test]
fn what_partners_and_references_do_not_do_is_named() {
    let file = format!(
        "{}rules:\n  - {{ name: wide, {RATIO}, by: [partner, operation], critical: '> 5%', notify: [a] }}\n\
         \x20 - {{ name: r, {RATIO}, match: {{ partner: dlh }}, critical: '> 5%', \
         notify: [a], depends_on: [wide] }}\n\
         partners:\n  - {{ name: dhl, country: us, expects: [tracking] }}\n\
         \x20 - {{ name: ups, country: US, time_zone: America/Chicago }}\n\
         holidays:\n  - {{ country: de, date: 2026-12-25 }}\n  - {{ country: US, date: 2026-12-25 }}\n\
         maintenance:\n  - {{ match: {{ partner: [usp, other] }}, start: 2026-11-21T22:00:00Z, \
         end: 2026-11-22T02:00:00Z, author: a, reason: b }}\n",
        receivers(&[("a", "")])
    );
    assert_eq!(
        warnings(&file),
        [
            "rule r: `depends_on` of wide mutes nothing, because wide groups by partner, operation, \
             which this rule does not",
            "rule r: `match` names the partner `dlh`, which is not under `partners`; did you mean `dhl`?",
            "maintenance number 1: `match` names the partner `usp`, which is not under `partners`; did \
             you mean `ups`?",
            "partner dhl: US has several time zones, and America/New_York is assumed; give its `time_zone`",
            "holidays of DE: no partner has that `country`, so they have no effect",
        ]
    );
}

#[test]
fn dependencies_that_mute_nothing_are_named() {
    let file = |parent: &str, child: &str, partners: &str| {
        format!(
            "{}rules:\n  - {{ name: p, {RATIO}, warning: '> 5%', notify: [a], {parent} }}\n\
             \x20 - {{ name: r, {RATIO}, critical: '> 5%', notify: [a], depends_on: [p], {child} }}\n\
             {partners}",
            receivers(&[("a", "")])
        )
    };
    let nobody = Some("nobody is notified of p");
    let table = [
        ("mode: shadow", "", nobody),
        ("notify_from: critical", "", nobody),
        ("mode: live", "", None),
        (
            "match: { partner: dhl }",
            "match: { partner: ups }",
            Some("by `match` the two rules have no `partner` in common"),
        ),
        ("match: { partner: '~d.*' }", "match: { partner: [ups, dhl] }", None),
        ("match: { partner: dhl }", "match: { partner: '!dhl' }", Some("in common")),
        // A label that alerts of the parent do not have keeps nothing apart.
        ("match: { site: ams1 }", "match: { site: fra1 }", None),
        ("match: { site: ams1 }, by: [site]", "match: { site: fra1 }, by: [site]", Some("`site`")),
        ("match: { site: ams1 }, by: [site], also_by: [[partner]]", "match: { site: fra1 }", None),
    ];
    for (parent, child, expected) in table {
        let found = warnings(&file(parent, child, "")).join("\n");
        match expected {
            Some(reason) => {
                let start = "rule r: `depends_on` of p mutes nothing, because";
                assert!(
                    found.contains(start) && found.contains(reason),
                    "{parent} {child}: {found}"
                );
            }
            None => assert!(!found.contains("depends_on"), "{parent} {child}: {found}"),
        }
    }
    let partners = "partners: [{ name: aws, paused: true }, { name: dhl, depends_on: [aws] }]\n";
    let paused = "partner dhl: `depends_on` of aws mutes nothing while aws is paused";
    assert_eq!(warnings(&file("mode: live", "", partners)), [paused]);
}

#[test]
fn the_default_pack_has_no_warning_but_that_it_has_no_receivers() {
    let pack = RuleSet::default_pack().unwrap();
    assert_eq!(pack.warnings(), ["there are no receivers, so nobody is notified"]);
}

#[test]
fn maintenance_names_the_rules_that_it_does_not_affect() {
    let file = |matches: &str, rules: &[(&str, &str)]| {
        let rule = |(name, fields): &(&str, &str)| {
            format!("  - {{ name: {name}, {RATIO}, critical: '> 5%', notify: [a], {fields} }}\n")
        };
        let rules: String = rules.iter().map(rule).collect();
        let one = receivers(&[("a", "")]);
        format!(
            "{one}rules:\n{rules}maintenance:\n  - {{ match: {{ {matches} }}, author: ann, reason: r, \
             start: 2026-11-21T22:00:00Z, end: 2026-11-22T02:00:00Z }}\n"
        )
    };
    let by_partner = ("by-partner", "by: [partner]");
    let by_both = ("by-both", "by: [partner, environment]");
    let scanned = ("scanned", "by: [partner], scan: { windows: [5m] }");
    let found = warnings(&file("environment: production", &[by_partner, by_both, scanned]));
    assert_eq!(
        found,
        [
            "maintenance number 1: it has no effect on rule by-partner: its alerts have no `environment`, \
          because it neither groups by `environment` nor matches one value of it"
        ]
    );
    assert_eq!(warnings(&file("partner: dhl", &[by_partner, by_both])), Vec::<String>::new());
    // Scans do not count the data of maintenance, so it reaches them in any case.
    assert_eq!(warnings(&file("environment: production", &[scanned])), Vec::<String>::new());
    for matches in ["environment: production", "partner: dhl, site: ams1", "operation: '!track'"] {
        let error = parse(&file(matches, &[by_partner])).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains("maintenance 1, field `match`: selects no alert of any rule"),
            "{error}"
        );
    }
}

#[test]
fn a_share_that_few_windows_can_show_is_named() {
    let file = |threshold: &str| {
        let rule = format!("{{ name: r, {RATIO}, critical: '{threshold}', notify: [a] }}");
        warnings(&format!("{}rules:\n  - {rule}\n", receivers(&[("a", "")])))
    };
    assert_eq!(file("> 50%"), [""; 0]);
    assert_eq!(file("> 95%"), [""; 0]);
    let many = file("> 99.99%");
    assert!(many.len() == 1 && many[0].contains("more than 64000 items in 5m"), "{many:?}");
}
