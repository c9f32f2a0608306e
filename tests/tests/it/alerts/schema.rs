//! The schema and the parser of the rules file agree: both accept the same files, and both reject the same
//! mistakes wherever a schema can express them.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use plimsoll_tests::binary;
use serde_json::Value;

use crate::common::{CHATS, data_dir, text_of};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A file with every field, so that none is missing in the schema.
const EVERYTHING: &str = r#"
receivers:
  - name: oncall
    pagerduty: { routing_key: { env: PD_KEY }, webhook_secret: { env: KEY }, url: "https://events.eu.pagerduty.com" }
  - name: hub
    webhook: { url: "https://hub.example/alerts", secret: { env: KEY }, secrets: [{ env: KEY }] }
    rate: { calls: 60, per: 1m }
    give_up_after: 2h
    fail_over: { to: oncall, after: 10m }
    escalate: { to: mail, after: 20m }
  - name: chat
    slack: { url: { env: SLACK } }
    text: { summary: "{{ partner }} {{ value }}", body: "{{ summary }}" }
  - name: am
    alertmanager: { url: "http://alertmanager.example:9093" }
  - name: mail
    email:
      { host: smtp.example.org, port: 587, tls: starttls, user: u, password: { env: KEY },
        from: plimsoll@example.org, to: ["Ops <ops@example.org>"] }
  - { name: bot, slack: { token: { env: SLACK_TOKEN }, channel: C0123456789, url: "https://slack.com" } }
  - { name: teams, teams: { url: { env: TEAMS_URL } } }
  - { name: genie, opsgenie: { api_key: { env: OPSGENIE_KEY }, url: "https://api.eu.opsgenie.com" } }
  - { name: space, google_chat: { url: { env: GOOGLE_CHAT_URL } } }
  - { name: discord, discord: { url: { env: DISCORD_URL } } }
  - { name: matter, mattermost: { url: { env: MATTERMOST_URL } } }
  - { name: tg, telegram: { token: { env: TELEGRAM_TOKEN }, chat: -1001234567890, url: "https://tg.example" } }
pages:
  { by: [partner], again_after: 30m, cascade: { groups: 3, within: 10m },
    wait: { critical: 10s, warning: 1m } }
rules:
  - name: ratio
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [5xx, timeout], to: [2xx, 5xx, timeout], stream: requests } }
    match: { environment: production, partner: [dhl, ups] }
    by: [partner]
    also_by: [[partner, site], [partner, release]]
    critical: "> 5%"
    warning: "> 1.5%"
    usual: { times: 3, over: 7d }
    scan: { windows: [3m, 15m], evidence: 13.8, margin: 0.7, bad_minutes: 3, few: 10, few_span: 5m }
    clear: { for: 10m, level: "> 1%", count: 3 }
    keep_firing_for: 1m
    on_no_data: keep
    schedule: { days: [mon, fri], from: "08:00", to: "18:30", time_zone: Europe/Berlin }
    labels: { team: blue }
    mode: shadow
    notify: ["*"]
    notify_from: critical
  - { name: latency, owner: o, runbook: r, signal: { latency: { q: 0.95, stream: requests } }, window: 10m, for: 5m, min_count: 3, confidence: 0.99, critical: "> 1000ms", notify: [hub], depends_on: [ratio] }
  - { name: scanned, owner: o, runbook: r, signal: { latency: { q: 0.95, stream: requests } }, scan: {}, critical: "> 1s", notify: [hub] }
  - { name: freshness, owner: o, runbook: r, signal: { freshness: { stream: tracking } }, critical: "> 30m", notify: [hub] }
  - { name: absence, owner: o, runbook: r, signal: { absence: { stream: tracking } }, warning: "> 3h", notify: [hub] }
  - { name: run, owner: o, runbook: r, signal: { run: { stream: runs } }, critical: "> 1d", notify: [hub] }
  - { name: drop, owner: o, runbook: r, signal: { drop: { stream: webhooks, on_holiday: "< 6% of usual" } }, critical: "< 30% of usual", notify: [hub] }
  - { name: percent, owner: o, runbook: r, signal: { gauge: { name: cpu_usage, percent: true } }, critical: "> 90", notify: [hub] }
  - { name: gauge, owner: o, runbook: r, signal: { gauge: { name: credential_days_left, forecast: 1d } }, critical: "< 7", notify: [hub] }
  - { name: burn, owner: o, runbook: r, signal: { burn: { of: [5xx], stream: requests, objective: "99.9%" } }, critical: "> 14.4", notify: [hub] }
partners:
  - { name: dhl, kind: carrier, country: DE, time_zone: Europe/Berlin, contacts: [noc@example.org],
      sla_class: gold, expects: [requests], paused: false }
maintenance:
  - { match: { partner: dhl }, start: 2026-11-21T22:00:00Z, end: 2026-11-22T02:00:00Z, author: ann,
      reason: upgrade }
  - { match: { partner: ups }, weekly: { days: [sun], from: "02:00", to: "04:00", time_zone: Europe/Berlin },
      end: 2027-01-01T00:00:00Z, author: ann, reason: backup }
holidays:
  - { country: DE, date: 2026-12-25 }
"#;

/// Replacements that make the file above invalid.
const WRONG: [(&str, &str); 37] = [
    ("receivers:\n", "recievers:\n"),
    ("    owner: integrations\n", ""),
    ("    runbook: partner-5xx\n", ""),
    ("owner: integrations", "owner: integrations\n    colour: red"),
    ("by: [partner]\n    also", "by: [colour]\n    also"),
    ("of: [5xx, timeout]", "of: [6xx]"),
    ("of: [5xx, timeout]", "of: []"),
    ("q: 0.95", "q: 95"),
    ("\"> 5%\"", "\"5%\""),
    ("\"> 30m\"", "30"),
    ("window: 10m", "window: ten minutes"),
    ("confidence: 0.99", "confidence: 99"),
    ("times: 3", "times: 0"),
    ("on_no_data: keep", "on_no_data: maybe"),
    ("mode: shadow", "mode: quiet"),
    ("days: [mon, fri]", "days: [someday]"),
    ("notify: [\"*\"]", "notify: []"),
    ("critical: \"> 14.4\", ", ""),
    ("{ run: { stream: runs } }", "{ runs: { stream: runs } }"),
    ("webhook: { url", "webhook: { uri"),
    ("match: { partner: dhl }, start", "match: {}, start"),
    ("match: { partner: dhl }, start: 2026-11-21T22:00:00Z", "match: { partner: dhl }"),
    ("days: [sun]", "days: []"),
    ("to: \"04:00\"", "to: late"),
    ("escalate: { to: mail", "escalate: { too: mail"),
    ("after: 20m", "after: soon"),
    ("wait: { critical: 10s", "wait: { fatal: 10s"),
    ("calls: 60", "calls: 0"),
    ("tls: starttls", "tls: maybe"),
    ("alertmanager: { url: \"http://", "alertmanager: { url: \"ftp://"),
    ("date: 2026-12-25", "date: christmas"),
    ("teams: { url", "teams: { uri"),
    ("channel: C0123456789", "channel: alerts"),
    ("slack: { url: { env: SLACK } }", "slack: { url: { env: SLACK }, channel: C0123456789 }"),
    ("opsgenie: { api_key", "opsgenie: { key"),
    ("chat: -1001234567890", "chat: alerts"),
    ("discord: { url", "discord: { channel: a, url"),
];

fn schema() -> Validator {
    let path = Path::new(REPOSITORY).join("docs/rules.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema is there");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

/// Whether the schema accepts a rules file.
fn schema_accepts(schema: &Validator, yaml: &str) -> bool {
    let file: Value = serde_saphyr::from_str(yaml).expect("YAML");
    schema.is_valid(&file)
}

/// Whether `plimsoll check` accepts a rules file, and its output.
fn parser_accepts(yaml: &str) -> (bool, String) {
    let dir = data_dir();
    let path = format!("{}/rules.yaml", text_of(&dir));
    std::fs::write(&path, yaml).expect("written");
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let routing_key = "0123456789abcdef0123456789abcdef";
    let env = [("KEY", key), ("PD_KEY", routing_key), ("HUB_KEY", key)];
    let slack = [("SLACK", "https://hooks.slack.com/services/T/B/x")];
    let env = [&env[..], &slack, &CHATS].concat();
    let output = binary::run_with_env(&["check", &path], &env);
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn valid_files_are_accepted_by_schema_and_parser() {
    let schema = schema();
    let read = |path| std::fs::read_to_string(Path::new(REPOSITORY).join(path)).expect("a file");
    let pack = read("alerting/packs/default.yaml");
    for yaml in [EVERYTHING, &pack, "holidays: []\n"] {
        let (accepted, output) = parser_accepts(yaml);
        assert!(accepted, "{output}");
        let file: Value = serde_saphyr::from_str(yaml).expect("YAML");
        let errors: Vec<String> =
            schema.iter_errors(&file).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    assert!(schema_accepts(&schema, &read("examples/rules.yaml")));
}

/// The fields of a schema and of what it refers to, for each definition.
fn fields_of(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(parts) => {
            let properties = parts.get("properties").and_then(Value::as_object);
            found.extend(properties.into_iter().flatten().map(|(name, _)| name.clone()));
            parts.values().for_each(|part| fields_of(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| fields_of(part, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_the_schema_is_on_the_page() {
    let read = |path| std::fs::read_to_string(Path::new(REPOSITORY).join(path)).expect("a file");
    let schema: Value = serde_json::from_str(&read("docs/rules.schema.json")).expect("JSON");
    let page = read("docs/rules.md");
    let mut fields = BTreeSet::new();
    fields_of(&schema, &mut fields);
    assert!(fields.len() > 80, "{fields:?}");
    // What stands between backquotes, in the text and in blocks.
    let code = page.split('`').skip(1).step_by(2);
    let words = code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let words: BTreeSet<&str> = words.collect();
    let missing: Vec<_> = fields.iter().filter(|field| !words.contains(field.as_str())).collect();
    assert!(missing.is_empty(), "docs/rules.md does not name {missing:?}");
}

#[test]
fn invalid_files_are_rejected_by_schema_and_parser() {
    let schema = schema();
    for (right, wrong) in WRONG {
        let yaml = EVERYTHING.replacen(right, wrong, 1);
        assert_ne!(yaml, EVERYTHING, "{right:?} is in the file");
        assert!(!schema_accepts(&schema, &yaml), "the schema accepts {wrong:?} for {right:?}");
        let (accepted, output) = parser_accepts(&yaml);
        assert!(!accepted, "the parser accepts {wrong:?} for {right:?}: {output}");
        assert!(output.contains("rules.yaml:"), "with its place: {output}");
    }
}
