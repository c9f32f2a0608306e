use crate::rule::RuleProblem;
use crate::rule::tests::{parse, with_rule};

fn error_of(fields: &str) -> String {
    parse(&with_rule(fields)).unwrap_err().to_string()
}

#[test]
fn a_mistake_has_its_place_its_field_and_the_remedy() {
    let ratio = "signal: { ratio: { of: [5xx], stream: requests } }\n";
    let table = [
        (
            format!("{ratio}critical: '> 5s'"),
            "line 10, column 15: rule `r`, field `critical`: `> 5s` has the unit `s`, which does not measure a ratio; write it as in \"> 5%\"",
        ),
        (
            ratio.to_owned(),
            "line 5, column 11: rule `r`, field `critical`: has no threshold; add `critical`, `warning` or both",
        ),
        (
            format!("{ratio}critical: '> 1%'\nwarning: '> 5%'"),
            "line 5, column 11: rule `r`, field `critical`: `critical` must be worse than `warning`; swap them or remove one",
        ),
        (
            format!("{ratio}critical: '> 5%'\nwindow: 8d"),
            "line 11, column 13: rule `r`, field `window`: `8d` is out of range; use more than 0s and at most 7d",
        ),
        (
            format!("{ratio}critical: '> 5%'\nfor: 300"),
            "line 11, column 10: rule `r`, field `for`: `300` is not a duration: it has no unit, which is one of ms, s, m, h, d; write a whole number and a unit, such as 30s, 5m, 2h or 1d",
        ),
        (
            "signal: { ratio: { of: [5xx], stream: '~req.*' } }\ncritical: '> 5%'".to_owned(),
            "line 9, column 13: rule `r`, field `signal`: the stream has the value \"~req.*\", but names one stream; it takes no commas and none of !, ~ and = before the name; name the stream that is watched",
        ),
        (
            "signal: { drop: { stream: webhooks } }\ncritical: '> 30%'".to_owned(),
            "line 10, column 15: rule `r`, field `critical`: `> 30%` is not a threshold of this signal: `drop` is bad below its threshold, so the sign is `<`; write it as in \"< 30% of usual\"",
        ),
        (
            format!("{ratio}critical: '> 5%'\nscan: {{ windows: [5m, 3m] }}"),
            "line 11, column 27: rule `r`, field `scan`: must be whole minutes in ascending order, from 1m to 180m",
        ),
        (
            format!("{ratio}critical: '> 5%'\ndepends_on: [other]"),
            "line 11, column 18: rule `r`, field `depends_on`: there is no rule `other` in this file; define it under `rules`",
        ),
        (
            "signal: { latency: { q: 95, stream: requests } }\ncritical: '> 1s'".to_owned(),
            "line 9, column 29: rule `r`, field `signal`: 95 is out of range; use more than 0 and less than 1, such as 0.95",
        ),
        (
            "signal: { ratio: { of: [500], stream: requests } }\ncritical: '> 5%'".to_owned(),
            "line 9, column 29: rule `r`, field `signal`: `500` is not an outcome class; use some of 2xx, 3xx, 4xx, 401_403, 429, 5xx, timeout, network, success, exception, rejected",
        ),
        (
            "signal: { ratio: { of: [5xx], to: [2xx], stream: requests } }\ncritical: '> 5%'"
                .to_owned(),
            "line 5, column 11: rule `r`, field `signal`: `5xx` is in `of` but not in `to`; a ratio compares a part with the whole, so add it to `to`",
        ),
        (
            format!("{ratio}critical: '> 5%'\nmatch: {{ colour: red }}"),
            "line 11, column 22: rule `r`, field `match`: `colour` is not a label; use some of partner, operation, environment, site, release",
        ),
        (
            format!("{ratio}critical: '> 5%'\nconfidence: 1.0"),
            "line 11, column 17: rule `r`, field `confidence`: 1 is out of range; use 0.5 to 0.999999999",
        ),
    ];
    for (fields, expected) in table {
        assert_eq!(error_of(&fields), expected);
    }
}

#[test]
fn an_owner_a_runbook_and_a_known_receiver_are_required() {
    let base = with_rule("signal: { ratio: { of: [5xx], stream: s } }\ncritical: '> 5%'");
    let table = [
        ("    owner: team\n", "", RuleProblem::Missing("the team that answers for it")),
        (
            "    runbook: page\n",
            "    runbook: ' '\n",
            RuleProblem::Missing("the name of a built-in runbook, a file or a URL"),
        ),
        (
            "    notify: [oncall]\n",
            "",
            RuleProblem::Missing("the names of the receivers to notify"),
        ),
        ("    notify: [oncall]\n", "    notify: []\n", RuleProblem::EmptyList("receiver")),
        (
            "    notify: [oncall]\n",
            "    notify: [nobody]\n",
            RuleProblem::Unknown {
                kind: "receiver",
                name: "nobody".into(),
                remedy: "define it under `receivers`".into(),
            },
        ),
        ("  - name: r\n", "  - name: r/1\n", RuleProblem::Name("r/1".into())),
    ];
    for (from, to, problem) in table {
        assert_eq!(parse(&base.replace(from, to)).unwrap_err().problem, problem);
    }
    let twice = format!("{base}{}", base.split_once("rules:\n").unwrap().1);
    assert_eq!(parse(&twice).unwrap_err().problem, RuleProblem::Duplicate("r".into()));
}

#[test]
fn unknown_fields_and_broken_yaml_have_their_place() {
    let base =
        with_rule("signal: { ratio: { of: [5xx], stream: s } }\ncritical: '> 5%'\nseverity: high");
    let error = parse(&base).unwrap_err();
    assert_eq!((error.line, error.column > 0), (11, true));
    assert!(error.to_string().contains("severity"), "{error}");
    let error = parse("rules: [").unwrap_err();
    assert!(matches!(error.problem, RuleProblem::Shape(_)) && error.line > 0, "{error}");
    let error = parse("rules:\n  - name: x\n    signal: { wobble: {} }\n").unwrap_err();
    assert!(error.to_string().contains("wobble"), "{error}");
}

#[test]
fn mistakes_in_receivers_never_show_a_secret() {
    let table = [
        (
            "pagerduty: { routing_key: { env: EMPTY } }",
            "the environment variable `EMPTY` is not set",
        ),
        ("pagerduty: { routing_key: { env: NOPE } }", "the environment variable `NOPE` is not set"),
        (
            "pagerduty: { routing_key: { file: gone.key } }",
            "the secret file /nowhere/gone.key cannot be used",
        ),
        ("pagerduty: { routing_key: '' }", "is empty"),
        ("pagerduty: { routing_key: 81122334455667788 }", "needs quotes"),
        ("pagerduty: { routing_key: 8e1122 }", "needs quotes"),
        ("pagerduty: { routing_key: [81122] }", "secret"),
        ("pagerduty: { routing_key: { vault: 81122 } }", "{ env: NAME }"),
        ("pagerduty: '81122'", "line 3"),
        ("pagerduty: { url: 'https://x.example' }", "field `routing_key`: is missing"),
        ("webhook: { secret: '81122' }", "field `url`: is missing"),
        ("webhook: { url: 'ftp://hub.example/81122' }", "its scheme is not supported"),
        (
            "webhook: { url: 'https://81122:81122@hub.example/' }",
            "it contains a user name or password",
        ),
        ("webhook: { url: 'hub 81122' }", "is not a valid address"),
        ("webhook: { url: 'https://hub.example', secret: 'whsec_81122%' }", "not base64"),
        (
            "webhook: { url: 'https://a.example' }\n    pagerduty: { routing_key: '81122' }",
            "exactly one kind",
        ),
        ("pagerduty: { routing_key: '81122', bogus: 1 }", "bogus"),
    ];
    for (receiver, expected) in table {
        let error = parse(&format!("receivers:\n  - name: x\n    {receiver}\n")).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected), "{receiver}: {shown}");
        assert!(!shown.contains("81122"), "{receiver}: {shown}");
    }
}

#[test]
fn maintenance_needs_labels_an_author_and_a_period() {
    let base = "maintenance:\n  - { match: { partner: dhl }, start: 2026-11-21T22:00:00Z, end: 2026-11-22T02:00:00Z, author: ann, reason: upgrade }\n";
    assert_eq!(parse(base).unwrap().maintenance.len(), 1);
    let in_ms = base.replace("2026-11-22T02:00:00Z", "1795312800000");
    assert_eq!(
        parse(&in_ms).unwrap().maintenance[0].period,
        parse(base).unwrap().maintenance[0].period
    );
    let table = [
        ("match: { partner: dhl }", "match: {}", "the labels of what is under maintenance"),
        ("author: ann, ", "", "who announced it"),
        ("2026-11-22T02:00:00Z", "2026-11-20T02:00:00Z", "ends before it starts"),
        ("2026-11-22T02:00:00Z", "tomorrow", "`tomorrow` is not a time"),
        ("2026-11-22T02:00:00Z", "2026-11-22T02:00:00", "add Z for UTC"),
        ("2026-11-22T02:00:00Z", "1795312800", "field `end`: 1795312800 seems to be in seconds"),
    ];
    for (from, to, expected) in table {
        let error = parse(&base.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_templates_of_a_receiver_are_checked_line_by_line() {
    let file = |text: &str| {
        format!(
            "receivers:\n  - name: chat\n    slack: {{ url: 'https://hooks.slack.com/services/T/B/x' }}\n    text:\n{text}"
        )
    };
    for (text, line, says) in [
        ("      summary: 'to {{ patner }}'\n", 5, "there is no `patner`; use some of alert_id"),
        ("      body: |\n        fine\n        {{ value }\n", 7, "every `{{` needs its `}}`"),
        (
            "      summary: fine\n      body: |\n        {{ value | shout }}\n",
            7,
            "there is no filter `shout`",
        ),
    ] {
        let error = parse(&file(text)).expect_err(text);
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
        assert!(error.to_string().contains("receiver `chat`, field `text"), "{error}");
    }
    let set = parse(&file("      summary: '{{ partner }}'\n")).unwrap();
    assert_eq!(set.receivers[0].templates.summary.as_deref(), Some("{{ partner }}"));
    assert_eq!(set.receivers[0].templates.body, None);
}

#[test]
fn a_receiver_is_replaced_before_its_notifications_are_given_up() {
    let file = |fields: &str| {
        format!(
            "receivers:\n  - {{ name: b, webhook: {{ url: 'https://h.example' }} }}\n  \
             - {{ name: a, webhook: {{ url: 'https://h.example' }}, {fields} }}\nrules: []\n"
        )
    };
    for fields in [
        "fail_over: { to: b }",
        "fail_over: { to: b, after: 59s }, give_up_after: 1m",
        "fail_over: { to: b, after: 23h }",
        "fail_over: { to: b }, give_up_after: 6m",
    ] {
        parse(&file(fields)).unwrap_or_else(|error| panic!("{fields}: {error}"));
    }
    for (fields, after, give_up_after) in [
        ("fail_over: { to: b, after: 61s }, give_up_after: 1m", "61s", "1m"),
        ("fail_over: { to: b, after: 1m }, give_up_after: 60s", "1m", "1m"),
        ("fail_over: { to: b }, give_up_after: 1m", "5m", "1m"),
        ("fail_over: { to: b, after: 2d }", "2d", "1d"),
    ] {
        let error = parse(&file(fields)).map(|_| ()).unwrap_err().to_string();
        let expected = format!(
            "receiver `a`, field `fail_over`: replaces the receiver after {after}, but a notification is \
             given up after {give_up_after}; make `after` shorter than `give_up_after`"
        );
        assert!(error.ends_with(&expected), "{error}");
    }
}
