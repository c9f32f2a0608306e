use super::*;

#[test]
fn a_slack_address_is_one_of_slack() {
    for good in [
        "https://hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com/workflows/x",
        "https://hooks.slack-gov.com/services/T/B/x",
        "http://127.0.0.1:4000/services/x",
        "http://localhost:4000/",
        "http://[::1]:4000/",
    ] {
        assert!(service_url(good, &SERVICE).is_ok(), "{good}");
    }
    let table = [
        ("https://hooks.slack.example/services/T/B/x", "it is not a host of Slack"),
        ("https://slack.com/services/T/B/x", "it is not a host of Slack"),
        ("https://hooks.slack.com.evil.example/services/x", "it is not a host of Slack"),
        ("http://hooks.slack.com/services/T/B/x", "it is reached over https only"),
        ("https://hooks.slack.com/", "it is not the path of an incoming webhook"),
        ("https://hooks.slack.com/services/", "it is not the path of an incoming webhook"),
        ("hooks.slack.com/services/T/B/x", "it does not begin with a scheme"),
    ];
    for (bad, expected) in table {
        let error = service_url(bad, &SERVICE).unwrap_err().to_string();
        assert!(error.contains(expected), "{bad}: {error}");
    }
}
