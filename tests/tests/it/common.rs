//! Helpers of several test modules: folders, items, and counts of answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plimsoll_tests::{Api, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Counts per outcome class.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Variables with the addresses and keys of chats and Opsgenie, in the form that each has.
pub(crate) const CHATS: [(&str, &str); 7] = [
    ("SLACK_TOKEN", "xoxb-12-ab"),
    ("TEAMS_URL", "https://x.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=s"),
    ("OPSGENIE_KEY", "eb243592-faa2-4ba2-a551-1afdf565c889"),
    ("GOOGLE_CHAT_URL", "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t"),
    ("DISCORD_URL", "https://discord.com/api/webhooks/1/t"),
    ("MATTERMOST_URL", "https://chat.example/hooks/abcdefghijklmnopqrstuvwxyz"),
    ("TELEGRAM_TOKEN", "123456789:AAabcdefghijklmnopqrstuvwxyz_-01234"),
];

/// Something that never happens is given up then; nothing else depends on how fast the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something holds.
pub(crate) async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A data directory that is removed at the end of the test.
pub(crate) fn data_dir() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

/// A rules file with one rule.
const RULES: &str = r#"
receivers:
  - name: hub
    webhook: { url: "https://hub.example/alerts", secret: { env: HUB_SECRET } }
rules:
  - name: partner-5xx
    owner: integrations
    runbook: https://runbooks.example/partner-5xx
    signal: { ratio: { of: [5xx], stream: requests } }
    match: { environment: production }
    by: [partner]
    window: 5m
    for: 5m
    critical: "> 5%"
    notify: [hub]
"#;

/// A server with one rule that never fires in these tests.
pub(crate) async fn server_with_a_rule(dir: &TempDir) -> Server {
    let rules = dir.path().join("rules.yaml");
    std::fs::write(&rules, RULES).expect("a folder for temporary files");
    let args = ["--rules", rules.to_str().expect("temporary folders have plain names")];
    let secret = [("HUB_SECRET", "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0")];
    Server::start_with_env(&dir.path().join("data"), &args, &secret).await
}

/// A folder as the text of an argument.
pub(crate) fn text_of(dir: &TempDir) -> &str {
    dir.path().to_str().expect("temporary folders have plain names")
}

/// An event of the stream `requests` with a latency.
pub(crate) fn event(partner: &str, at_ms: i64, status: u16, latency_ms: f64) -> Value {
    json!({
        "stream": "requests",
        "partner": partner,
        "at": at_ms,
        "status": status,
        "latency_ms": latency_ms,
    })
}

/// The points of the only series of an answer.
pub(crate) fn only_points(body: &Value) -> &Vec<Value> {
    let series = body["series"].as_array().expect("a list of series");
    assert_eq!(series.len(), 1, "one series: {body}");
    series[0]["points"].as_array().expect("a list of points")
}

/// The counts by class of a point of `/query/outcomes`; classes without any are left out.
pub(crate) fn counts_of(point: &Value) -> Counts {
    let classes = point["outcomes"].as_object().expect("outcomes by class");
    let count = |class: &Value| class["count"].as_u64().expect("a count");
    let counts = classes.iter().map(|(name, class)| (name.clone(), count(class)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The counts by class of every partner in the window that ends now.
pub(crate) async fn counts_by_partner(api: &Api, window: &str) -> BTreeMap<String, Counts> {
    let path = format!("/api/v1/query/outcomes?stream=requests&by=partner&window={window}");
    let body = api.get(&path).await;
    let series = body["series"].as_array().expect("a list of series");
    let counts = series.iter().filter_map(|series| {
        let partner = series["labels"]["partner"].as_str().expect("the label asked for");
        Some((partner.to_owned(), counts_of(series["points"].get(0)?)))
    });
    counts.collect()
}

/// How many requests each partner had in the last hour.
pub(crate) async fn totals_by_partner(api: &Api) -> Counts {
    let counts = counts_by_partner(api, "1h").await;
    counts.into_iter().map(|(partner, counts)| (partner, counts.values().sum())).collect()
}
