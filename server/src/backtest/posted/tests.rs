use super::*;

const FILE: &str = r#"
receivers:
  - { name: oncall, pagerduty: { routing_key: { file: /etc/passwd } } }
  - { name: hub, webhook: { url: "https://hub.example", secret: { env: HOME } } }
rules:
  - name: partner-5xx
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [5xx], stream: requests } }
    by: [partner]
    critical: "> 5%"
    notify: [oncall, hub]
"#;

#[test]
fn receivers_are_names_and_no_secret_is_read() {
    let rules = read(FILE).expect("rules");
    assert_eq!(rules.rules[0].notify, ["oncall", "hub"]);
    let shown = format!("{:?}", rules.receivers);
    assert!(!shown.contains("/etc/passwd") && !shown.contains("hub.example"), "{shown}");
    assert!(!read("").expect("no rules is the default pack").rules.is_empty());
}

#[test]
fn a_mistake_is_reported() {
    let error = read(&FILE.replace("> 5%", "> 5s")).expect_err("a foreign unit");
    assert!(error.contains("partner-5xx") && error.contains("5s"), "{error}");
    assert!(read("rules: [").expect_err("no YAML").len() > 5);
    let unknown = read(&FILE.replace("owner", "owned")).expect_err("an unknown field");
    assert!(unknown.contains("owned"), "{unknown}");
}
