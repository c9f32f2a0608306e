//! What a rules file may say, and how its mistakes are told.

use std::path::Path;

use plimsoll_storage::{Label, Outcome, TimestampMs};

use super::*;

fn env(name: &str) -> Option<String> {
    match name {
        "PD_KEY" => Some("R0UT1NG".into()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<RuleSet, Box<RuleError>> {
    RuleSet::parse(text, &env, Path::new("/nowhere")).map_err(|error| match error {
        Error::Rule(error) => error,
        other => panic!("{other}"),
    })
}

/// A file with one receiver and one rule, whose fields beside the needed ones are `fields`.
fn with_rule(fields: &str) -> String {
    let fields = fields.replace('\n', "\n    ");
    format!(
        "receivers:\n  - name: oncall\n    pagerduty: {{ routing_key: {{ env: PD_KEY }} }}\n\
         rules:\n  - name: r\n    owner: team\n    runbook: page\n    notify: [oncall]\n    {fields}\n"
    )
}

fn one_rule(fields: &str) -> Rule {
    let mut set = parse(&with_rule(fields)).unwrap_or_else(|error| panic!("{error}"));
    set.rules.remove(0)
}

fn refusal(fields: &str) -> String {
    parse(&with_rule(fields)).unwrap_err().to_string()
}

#[test]
fn the_file_of_the_contract_is_read_as_it_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("hub.key");
    std::fs::write(&key, "s3cret\n").unwrap();
    let text =
        include_str!("tests/contract.yaml").replace("/etc/plimsoll/hub.key", key.to_str().unwrap());
    let set = RuleSet::parse(&text, &env, dir.path()).unwrap();
    assert_eq!(set.receivers.len(), 2);
    let pagerduty =
        Target::PagerDuty { url: PAGERDUTY_URL.into(), routing_key: Secret::new("R0UT1NG") };
    assert_eq!(set.receiver("oncall").unwrap().target, pagerduty);
    let url = "https://hub.example/alerts".to_owned();
    let webhook = Target::Webhook { url, secrets: vec![Secret::new("s3cret")] };
    assert_eq!(set.receiver("hub").unwrap().target, webhook);

    let rule = set.rule("partner-5xx").unwrap();
    let of = vec![Outcome::Status5xx, Outcome::Timeout, Outcome::Network];
    assert_eq!(rule.signal, Signal::Ratio { of, to: None, stream: "requests".into() });
    let production = BTreeSet::from(["production".to_owned()]);
    assert_eq!(rule.matches, BTreeMap::from([(Label::Environment, production)]));
    assert_eq!((rule.window_ms, rule.for_ms, rule.clear_ms), (300_000, 300_000, 300_000));
    assert_eq!((rule.critical, rule.warning), (Some(0.05), Some(0.01)));
    assert_eq!(rule.notify, ["oncall"]);
    let p95 = set.rule("partner-p95").unwrap();
    assert_eq!((p95.signal.kind(), p95.critical), (SignalKind::Latency, Some(1.0)));
    let stale = set.rule("tracking-stale").unwrap();
    assert_eq!((stale.for_ms, stale.clear_ms, stale.critical), (0, 0, Some(1_800.0)));

    assert_eq!(set.partners[0].contacts, ["ops@dhl.example"]);
    assert_eq!(set.maintenance[0].period.start, TimestampMs(1_795_298_400_000));
    assert_eq!(set.holidays[0].date, jiff::civil::date(2026, 12, 25));
    assert!(!format!("{set:?}").contains("R0UT1NG"));
}

#[test]
fn a_file_without_rules_has_the_default_pack_and_one_with_none_has_none() {
    for text in ["", "# nothing yet\n", "rules:\n", "receivers: []\n"] {
        let set = parse(text).unwrap();
        assert!(set.rule("partner-5xx").is_some() && set.pages.is_some(), "{text:?}");
        assert_eq!(set, RuleSet::default_pack().unwrap());
    }
    assert_eq!(parse("rules: []\n").unwrap(), RuleSet::default());
    let told = parse("receivers:\n  - { name: a, webhook: { url: 'https://a.example' } }\n");
    assert_eq!(told.unwrap().rule("partner-5xx").unwrap().notify, ["a"]);
}

#[test]
fn every_signal_is_read_with_its_thresholds() {
    let drop = one_rule("signal: { drop: { stream: webhooks } }\ncritical: '< 30% of usual'");
    assert_eq!((drop.signal.kind(), drop.critical), (SignalKind::Drop, Some(0.3)));
    assert!(drop.scan.is_some(), "a drop is always weighed over several windows");
    let low = one_rule(
        "signal: { gauge: { name: credential_days_left } }\ncritical: '< 3'\nwarning: '< 14'",
    );
    assert!(matches!(low.signal, Signal::Gauge { below: true, .. }));
    let ahead =
        one_rule("signal: { gauge: { name: queue_depth, forecast: 4h } }\ncritical: '> 1000'");
    assert!(matches!(
        ahead.signal,
        Signal::Gauge { below: false, forecast_ms: Some(14_400_000), .. }
    ));
    let burn = one_rule(
        "signal: { burn: { of: [5xx], stream: requests, objective: 99.9% } }\nwindow: 1h\ncritical: '> 14.4'",
    );
    assert!(
        matches!(burn.signal, Signal::Burn { objective, .. } if (objective - 0.999).abs() < 1e-9)
    );
    for signal in ["absence: { stream: requests }", "run: { stream: runs }"] {
        let rule = one_rule(&format!("signal: {{ {signal} }}\ncritical: '> 2h'"));
        assert_eq!((rule.critical, rule.for_ms), (Some(7_200.0), 0));
    }
}

#[test]
fn what_adapts_is_written_down() {
    let rule = one_rule(
        "signal: { ratio: { of: [5xx], stream: requests } }\ncritical: '> 5%'\n\
         scan: { windows: [3m, 1h], bad_minutes: 4, few: 10, few_span: 5m }\n\
         usual: { times: 3, over: 7d }\nalso_by: [[partner, site]]\non_no_data: keep\n\
         schedule: { days: [mon, fri], from: '08:00', to: '18:30', time_zone: Europe/Berlin }\n\
         clear: { for: 9m, level: '> 4%', count: 3 }\nkeep_firing_for: 20m\nmode: shadow\n\
         labels: { team: core }\nnotify_from: critical",
    );
    let scan = rule.scan.unwrap();
    assert_eq!((scan.windows_min, scan.bad_minutes, scan.evidence), (vec![3, 60], 4, 13.8));
    assert_eq!(rule.usual, Some(Usual { times: 3.0, hours: 168 }));
    assert_eq!(rule.also_by, [vec![Label::Partner, Label::Site]]);
    assert_eq!((rule.for_ms, rule.clear_ms, rule.keep_firing_ms), (0, 540_000, 1_200_000));
    assert_eq!((rule.clear_level, rule.clear_count), (Some(0.04), 3));
    assert_eq!(rule.voice, Voice { mode: Mode::Shadow, from: Severity::Critical });
    let hours = rule.schedule.unwrap();
    assert_eq!((hours.from_min, hours.to_min, hours.days[4]), (480, 1_110, true));
    assert_eq!(rule.labels["team"], "core");
}

#[test]
fn what_a_rule_does_not_say_has_a_default() {
    let rule = one_rule("signal: { ratio: { of: [429], stream: requests } }\nwarning: '> 0.5'");
    assert_eq!(rule.by, [Label::Partner]);
    assert_eq!((rule.window_ms, rule.for_ms, rule.clear_ms), (300_000, 300_000, 300_000));
    assert_eq!((rule.min_count, rule.confidence), (0, 0.999));
    assert_eq!((rule.critical, rule.warning), (None, Some(0.5)));
    let slow =
        one_rule("signal: { latency: { q: 0.5, stream: requests } }\ncritical: '> 2s'\nfor: 1h");
    assert_eq!((slow.for_ms, slow.clear_ms), (3_600_000, 600_000));
    let clear = one_rule(
        "signal: { freshness: { stream: tracking } }\ncritical: '> 2h'\nclear: { for: 1m }\nby: [site, partner, site]",
    );
    assert_eq!((clear.for_ms, clear.clear_ms), (0, 60_000));
    assert_eq!(clear.by, [Label::Partner, Label::Site]);
}

#[test]
fn classes_and_labels_are_taken_in_every_notation() {
    let rule = one_rule(
        "signal: { ratio: { of: [5xx, 401_403, 429, 5xx], to: [2xx, 5xx, 401_403, 429], stream: requests } }\n\
         match: { partner: [dhl, ups], release: '2.4' }\ncritical: '> 5%'",
    );
    let of = vec![Outcome::Status5xx, Outcome::Auth, Outcome::RateLimited];
    let to = vec![Outcome::Status2xx, Outcome::Status5xx, Outcome::Auth, Outcome::RateLimited];
    assert_eq!(rule.signal, Signal::Ratio { of, to: Some(to), stream: "requests".into() });
    assert_eq!(rule.matches[&Label::Partner].len(), 2);
}

#[test]
fn a_mistake_is_told_with_its_place_its_field_and_the_remedy() {
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
            "line 5, column 11: rule `r`, field `critical`: `critical` must be worse than `warning`; swap them or drop one",
        ),
        (
            format!("{ratio}critical: '> 5%'\nwindow: 8d"),
            "line 11, column 13: rule `r`, field `window`: `8d` is out of range; use more than 0s and at most 7d",
        ),
        (
            format!("{ratio}critical: '> 5%'\nfor: 300"),
            "line 11, column 10: rule `r`, field `for`: `300` is no duration; write a whole number and a unit, such as 30s, 5m, 2h or 1d",
        ),
        (
            "signal: { drop: { stream: webhooks } }\ncritical: '> 30%'".to_owned(),
            "line 10, column 15: rule `r`, field `critical`: `> 30%` is no threshold of this signal; write it as in \"< 30% of usual\"",
        ),
        (
            format!("{ratio}critical: '> 5%'\nscan: {{ windows: [5m, 3m] }}"),
            "line 11, column 27: rule `r`, field `scan`: must be whole minutes, ascending, from 1m to 180m",
        ),
        (
            format!("{ratio}critical: '> 5%'\ndepends_on: [other]"),
            "line 5, column 11: rule `r`, field `depends_on`: `other` is no other rule of this file; name one that is",
        ),
        (
            "signal: { latency: { q: 95, stream: requests } }\ncritical: '> 1s'".to_owned(),
            "line 9, column 29: rule `r`, field `signal`: 95 is out of range; use more than 0 and less than 1, such as 0.95",
        ),
        (
            "signal: { ratio: { of: [500], stream: requests } }\ncritical: '> 5%'".to_owned(),
            "line 9, column 29: rule `r`, field `signal`: `500` is no outcome class; use some of 2xx, 3xx, 4xx, 401_403, 429, 5xx, timeout, network, success, exception, rejected",
        ),
        (
            "signal: { ratio: { of: [5xx], to: [2xx], stream: requests } }\ncritical: '> 5%'"
                .to_owned(),
            "line 5, column 11: rule `r`, field `signal`: `5xx` is in `of` but not in `to`; a ratio compares a part with the whole, so add it to `to`",
        ),
        (
            format!("{ratio}critical: '> 5%'\nmatch: {{ colour: red }}"),
            "line 11, column 22: rule `r`, field `match`: `colour` is no label; use some of partner, operation, environment, site, release",
        ),
        (
            format!("{ratio}critical: '> 5%'\nconfidence: 1.0"),
            "line 11, column 17: rule `r`, field `confidence`: 1 is out of range; use 0.5 to 0.999999999",
        ),
    ];
    for (fields, expected) in table {
        assert_eq!(refusal(&fields), expected);
    }
}

#[test]
fn an_owner_a_runbook_and_a_known_receiver_are_needed() {
    let base = with_rule("signal: { ratio: { of: [5xx], stream: s } }\ncritical: '> 5%'");
    let table = [
        ("    owner: team\n", "", Problem::Missing("the team that answers for it")),
        (
            "    runbook: page\n",
            "    runbook: ' '\n",
            Problem::Missing("a page, a file or a URL that says what to do"),
        ),
        (
            "    notify: [oncall]\n",
            "",
            Problem::Missing("the names of the receivers that are told"),
        ),
        ("    notify: [oncall]\n", "    notify: []\n", Problem::EmptyList("receiver")),
        (
            "    notify: [oncall]\n",
            "    notify: [nobody]\n",
            Problem::UnknownReceiver("nobody".into()),
        ),
        ("  - name: r\n", "  - name: r/1\n", Problem::Name("r/1".into())),
    ];
    for (from, to, problem) in table {
        assert_eq!(parse(&base.replace(from, to)).unwrap_err().problem, problem);
    }
    let twice = format!("{base}{}", base.split_once("rules:\n").unwrap().1);
    assert_eq!(parse(&twice).unwrap_err().problem, Problem::Duplicate("r".into()));
}

#[test]
fn unknown_fields_and_broken_yaml_are_told_with_their_place() {
    let base =
        with_rule("signal: { ratio: { of: [5xx], stream: s } }\ncritical: '> 5%'\nseverity: high");
    let error = parse(&base).unwrap_err();
    assert_eq!((error.line, error.column > 0), (11, true));
    assert!(error.to_string().contains("severity"), "{error}");
    let error = parse("rules: [").unwrap_err();
    assert!(matches!(error.problem, Problem::Shape(_)) && error.line > 0, "{error}");
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
        ("webhook: { url: 'ftp://hub.example/81122' }", "`ftp` is not spoken here"),
        (
            "webhook: { url: 'https://81122:81122@hub.example/' }",
            "it carries a user name or password",
        ),
        ("webhook: { url: 'hub 81122' }", "is no usable address"),
        ("webhook: { url: 'https://hub.example', secret: 'whsec_81122%' }", "not base64"),
        (
            "webhook: { url: 'https://a.example' }\n    pagerduty: { routing_key: '81122' }",
            "exactly one kind",
        ),
        ("pagerduty: { routing_key: '81122', bogus: 1 }", "bogus"),
    ];
    for (receiver, expected) in table {
        let error = parse(&format!("receivers:\n  - name: x\n    {receiver}\n")).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains(expected), "{receiver}: {told}");
        assert!(!told.contains("81122"), "{receiver}: {told}");
    }
}

#[test]
fn a_file_names_itself_in_its_mistakes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rules.yaml");
    let missing = RuleSet::load(&path, &env).unwrap_err().to_string();
    assert!(missing.contains("rules.yaml could not be read"), "{missing}");
    std::fs::write(&path, with_rule("critical: '> 5%'")).unwrap();
    let error = RuleSet::load(&path, &env).unwrap_err().to_string();
    let place = format!("{}:5:11: rule `r`, field `signal`: is missing", path.display());
    assert!(error.starts_with(&place), "{error}");
}

#[test]
fn maintenance_needs_labels_an_author_and_a_period() {
    let base = "maintenance:\n  - { match: { partner: dhl }, start: 2026-11-21T22:00:00Z, end: 2026-11-22T02:00:00Z, author: ann, reason: upgrade }\n";
    assert_eq!(parse(base).unwrap().maintenance.len(), 1);
    let table = [
        ("match: { partner: dhl }", "match: {}", "the labels of what is maintained"),
        ("author: ann, ", "", "who announced it"),
        ("2026-11-22T02:00:00Z", "2026-11-20T02:00:00Z", "ends before it starts"),
        ("2026-11-22T02:00:00Z", "tomorrow", "`tomorrow` is no time"),
    ];
    for (from, to, expected) in table {
        let error = parse(&base.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn maintenance_may_repeat_every_week() {
    let base = "maintenance:\n  - match: { partner: dhl }\n    weekly: { days: [sun], from: '02:00', to: '04:00', time_zone: Europe/Berlin }\n    author: ann\n    reason: backup\n";
    let at = |text: &str| TimestampMs(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let period = parse(base).unwrap().maintenance[0].period.clone();
    // 2026-11-22 is a Sunday.
    assert!(period.contains(at("2026-11-22T01:30:00Z")));
    assert!(period.contains(at("2036-11-23T01:30:00Z")));
    assert!(!period.contains(at("2026-11-23T01:30:00Z")));
    let ended = format!("{base}    end: 2026-11-21T00:00:00Z\n");
    assert!(!parse(&ended).unwrap().maintenance[0].period.contains(at("2026-11-22T01:30:00Z")));
    let table = [
        (
            "[sun]",
            "[sunday]",
            "line 3, column 22: maintenance `number 1`, field `weekly`: `sunday`",
        ),
        ("[sun]", "[]", "line 3"),
        ("02:00", "26:00", "line 3, column 34: maintenance `number 1`, field `weekly`: `26:00`"),
        ("Europe/Berlin", "Berlin", "line 3"),
        ("    weekly", "    monthly", "line 3"),
        (
            "    weekly: { days: [sun], from: '02:00', to: '04:00', time_zone: Europe/Berlin }\n",
            "",
            "field `start`: is missing; add a time, or `weekly`",
        ),
    ];
    for (from, to, expected) in table {
        let error = parse(&base.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn symptoms_are_short() {
    let latency = |q| Signal::Latency { q, stream: "requests".into() }.symptom();
    assert_eq!(latency(0.95), "p95 latency of requests");
    assert_eq!(latency(0.999), "p99.9 latency of requests");
}

#[test]
fn a_receivers_texts_are_checked_with_their_lines() {
    let file = |text: &str| {
        format!(
            "receivers:\n  - name: chat\n    slack: {{ url: 'https://x.example/y' }}\n    text:\n{text}"
        )
    };
    for (text, line, says) in [
        ("      summary: 'to {{ patner }}'\n", 5, "there is no `patner`; use some of alert_id"),
        ("      body: |\n        fine\n        {{ value }\n", 7, "syntax error"),
        ("      summary: fine\n      body: |\n        {{ value | shout }}\n", 7, "unknown filter"),
    ] {
        let refused = parse(&file(text)).expect_err(text);
        assert_eq!(refused.line, line, "{text}: {refused}");
        assert!(refused.to_string().contains(says), "{text}: {refused}");
        assert!(refused.to_string().contains("receiver `chat`, field `text`"), "{refused}");
    }
    let set = parse(&file("      summary: '{{ partner }}'\n")).unwrap();
    assert_eq!(set.receivers[0].texts.summary.as_deref(), Some("{{ partner }}"));
    assert_eq!(set.receivers[0].texts.body, None);
}
