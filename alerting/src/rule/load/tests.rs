use super::*;

const FILE: &str = r#"
receivers:
  - { name: oncall, pagerduty: { routing_key: { file: /etc/passwd } }, escalate: { to: chat } }
  - { name: hub, webhook: { url: "https://hub.example", secret: { env: UNSET } } }
  - { name: chat, slack: { url: { env: UNSET } } }
  - { name: mail, email: { host: mail.example, ca: gone.pem, from: a@b.example, to: [c@d.example] } }
rules:
  - name: partner-5xx
    owner: integrations
    runbook: own.md
    signal: { ratio: { of: [5xx, 401_403], stream: requests } }
    by: [partner]
    critical: "> 5%"
    notify: ["*"]
"#;

#[test]
fn a_replay_reads_names_and_kinds_of_receivers_and_no_secret() {
    let rules = RuleSet::parse_for_replay(FILE).unwrap();
    assert_eq!(rules.rules[0].notify, ["hub", "mail", "oncall"]);
    let kinds: Vec<_> = rules.receivers.iter().map(|it| it.target.kind()).collect();
    assert_eq!(kinds, ["pagerduty", "webhook", "slack", "email"]);
    let shown = format!("{rules:?}");
    assert!(!shown.contains("/etc/passwd") && !shown.contains("hub.example"), "{shown}");
    let pack = RuleSet::parse_for_replay("").unwrap();
    assert_eq!(pack, RuleSet::default_pack().unwrap());
    assert!(!pack.rules.is_empty() && pack.receivers.is_empty());
}

#[test]
fn a_mistake_in_rules_for_a_replay_has_its_place() {
    for (from, to, expected) in [
        ("> 5%", "> 5s", "line 13, column 15: rule `partner-5xx`, field `critical`: `> 5s`"),
        (
            "chat }",
            "chut }",
            "receiver `oncall`, field `escalate`: there is no receiver `chut` in this file; did you mean `chat`?",
        ),
        ("slack: {", "slick: {", "slick"),
        ("name: hub, ", "name: hub, slack: { url: x }, ", "must be of exactly one kind"),
    ] {
        let error = RuleSet::parse_for_replay(&FILE.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_byte_order_mark_does_not_count() {
    assert!(RuleSet::parse("\u{feff}rules: []\n", &|_| None, Path::new(".")).is_ok());
}
