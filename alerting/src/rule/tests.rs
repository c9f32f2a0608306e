use std::path::Path;

use plimsoll_storage::{Label, LabelMatchers, Outcome, SlotWidth, TimestampMs};

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn env(name: &str) -> Option<String> {
    match name {
        "PD_KEY" => Some(KEY.into()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

pub(super) fn parse(text: &str) -> Result<RuleSet, Box<RuleError>> {
    RuleSet::parse(text, &env, Path::new("/nowhere"))
}

/// A file with one receiver and one rule, which has `fields` beside the required ones.
pub(super) fn with_rule(fields: &str) -> String {
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

#[test]
fn the_file_of_the_contract_is_read_as_it_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("hub.key");
    std::fs::write(&key, "s3cret\n").unwrap();
    let text =
        include_str!("tests/contract.yaml").replace("/etc/plimsoll/hub.key", key.to_str().unwrap());
    let set = RuleSet::parse(&text, &env, dir.path()).unwrap();
    assert_eq!(set.receivers.len(), 2);
    let pagerduty = PagerDutyTarget { url: PAGERDUTY_URL.into(), routing_key: Secret::new(KEY) };
    assert_eq!(set.receiver("oncall").unwrap().target, Target::PagerDuty(pagerduty));
    let url = "https://hub.example/alerts".to_owned();
    let webhook = WebhookTarget { url, secrets: vec![Secret::new("s3cret")] };
    assert_eq!(set.receiver("hub").unwrap().target, Target::Webhook(webhook));

    let rule = set.rule("partner-5xx").unwrap();
    let of = vec![Outcome::Status5xx, Outcome::Timeout, Outcome::Network];
    assert_eq!(rule.signal, Signal::Ratio { of, to: None, stream: "requests".into() });
    assert_eq!(rule.matches, LabelMatchers::any_of(Label::Environment, ["production"]));
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
    assert!(!format!("{set:?}").contains(KEY));
}

#[test]
fn a_file_without_rules_has_the_default_pack_and_one_with_none_has_none() {
    for text in ["", "# nothing yet\n", "rules:\n", "receivers: []\n"] {
        let set = parse(text).unwrap();
        assert!(set.rule("partner-5xx").is_some() && set.grouping.is_some(), "{text:?}");
        assert_eq!(set, RuleSet::default_pack().unwrap());
    }
    assert_eq!(parse("rules: []\n").unwrap(), RuleSet::default());
    let everyone = parse("receivers:\n  - { name: a, webhook: { url: 'https://a.example' } }\n");
    assert_eq!(everyone.unwrap().rule("partner-5xx").unwrap().notify, ["a"]);
}

#[test]
fn every_signal_is_read_with_its_thresholds() {
    let drop = one_rule("signal: { drop: { stream: webhooks } }\ncritical: '< 30% of usual'");
    assert_eq!((drop.signal.kind(), drop.critical), (SignalKind::Drop, Some(0.3)));
    assert!(drop.scan.is_some(), "a drop is always scanned");
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
fn what_adapts_is_read() {
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
    assert_eq!(rule.baseline, Some(BaselineSettings { times: 3.0, hours: 168 }));
    assert_eq!(rule.also_by, [vec![Label::Partner, Label::Site]]);
    assert_eq!((rule.for_ms, rule.clear_ms, rule.keep_firing_ms), (0, 540_000, 1_200_000));
    assert_eq!((rule.clear_level, rule.clear_count), (Some(0.04), 3));
    assert_eq!(
        rule.notify_policy,
        NotifyPolicy { mode: RuleMode::Shadow, from: Severity::Critical }
    );
    let hours = rule.schedule.unwrap();
    assert_eq!((hours.from_min, hours.to_min, hours.days[4]), (480, 1_110, true));
    assert_eq!(rule.labels["team"], "core");
}

#[test]
fn a_field_that_a_rule_leaves_out_has_a_default() {
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
fn classes_and_labels_are_read_in_every_notation() {
    let rule = one_rule(
        "signal: { ratio: { of: [5xx, 401_403, 429, 5xx], to: [2xx, 5xx, 401_403, 429], stream: requests } }\n\
         match: { partner: [dhl, ups], release: '2.4' }\ncritical: '> 5%'",
    );
    let of = vec![Outcome::Status5xx, Outcome::Auth, Outcome::RateLimited];
    let to = vec![Outcome::Status2xx, Outcome::Status5xx, Outcome::Auth, Outcome::RateLimited];
    assert_eq!(rule.signal, Signal::Ratio { of, to: Some(to), stream: "requests".into() });
    assert_eq!(rule.matches.written()[&Label::Partner], ["dhl", "ups"]);
    let rule = one_rule(
        "signal: { ratio: { of: [5xx], stream: requests } }\ncritical: '> 5%'\n\
         match: { partner: ['~d.*', '!dhl'], site: ' ams1, fra1 ' }",
    );
    let written = rule.matches.written();
    assert_eq!(written[&Label::Partner], ["!dhl", "~d.*"]);
    assert_eq!(written[&Label::Site], ["ams1", "fra1"]);
}

#[test]
fn a_mistake_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rules.yaml");
    let missing = RuleSet::load(&path, &env, SlotWidth::DEFAULT).unwrap_err().to_string();
    assert!(missing.contains("rules.yaml could not be read"), "{missing}");
    std::fs::write(&path, with_rule("critical: '> 5%'")).unwrap();
    let error = RuleSet::load(&path, &env, SlotWidth::DEFAULT).unwrap_err().to_string();
    let place = format!("{}:5:11: rule `r`, field `signal`: is missing", path.display());
    assert!(error.starts_with(&place), "{error}");
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
        ("[sun]", "[sunday]", "line 3, column 22: maintenance 1, field `weekly`: `sunday`"),
        ("[sun]", "[]", "line 3"),
        ("02:00", "26:00", "line 3, column 34: maintenance 1, field `weekly`: `26:00`"),
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
fn the_default_pack_scans_as_if_every_number_was_written() {
    let pack = RuleSet::default_pack().unwrap();
    let share = ScanSettings {
        windows_min: vec![3, 5, 15, 60, 180],
        evidence: 13.8,
        margin: 0.7,
        bad_minutes: 3,
        few: 20,
        few_span_min: 5,
    };
    let slower =
        ScanSettings { windows_min: vec![5, 15, 60], bad_minutes: 4, few_span_min: 10, ..share };
    let drop = ScanSettings {
        windows_min: vec![5, 10, 15, 20, 30, 45, 60, 90, 120, 180],
        evidence: 11.0,
        margin: 0.9,
        bad_minutes: 3,
        few: 0,
        few_span_min: 0,
    };
    for rule in &pack.rules {
        let expected = match (rule.name.as_str(), rule.signal.kind()) {
            ("partner-slower", _) => Some(&slower),
            (_, SignalKind::Ratio | SignalKind::Latency) => Some(&share),
            (_, SignalKind::Drop) => Some(&drop),
            _ => None,
        };
        assert_eq!(rule.scan.as_ref(), expected, "{}", rule.name);
    }
    let scanned = pack.rules.iter().filter(|rule| rule.scan.is_some()).count();
    assert_eq!((pack.rules.len(), scanned), (15, 11));
}
