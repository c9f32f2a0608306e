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

/// The receiver with these settings of `slack`, or what is wrong with them.
fn receiver(settings: &str) -> Result<Target, String> {
    let file = format!("receivers:\n  - {{ name: r, slack: {{ {settings} }} }}\nrules: []\n");
    let rules = crate::rule::RuleSet::parse(&file, &|_| None, std::path::Path::new("."));
    rules.map(|rules| rules.receivers[0].target.clone()).map_err(|error| error.to_string())
}

#[test]
fn a_bot_has_a_token_and_a_channel() {
    for settings in [
        "token: 'xoxb-12-ab', channel: C0123456789",
        "token: 'xoxb-12-ab', channel: G0123456789, url: 'https://slack-gov.com/'",
        "token: x, channel: C0123456789, url: 'http://127.0.0.1:1'",
    ] {
        let target = receiver(settings).unwrap();
        assert_eq!((target.kind(), target.takes_updates()), ("slack", true), "{settings}");
        assert!(!format!("{target:?}").contains("xoxb"), "{target:?}");
    }
    for (settings, expected) in [
        ("token: 'xoxb-12-ab'", "field `channel`: is missing"),
        ("token: 'xoxp-12-ab', channel: C0123456789", "is not a bot token of Slack"),
        ("token: 'xoxb-12 ab', channel: C0123456789", "is not a bot token of Slack"),
        ("token: 'xoxb-12-ab', channel: alerts", "is not the ID of a channel"),
        (
            "token: 'xoxb-12-ab', channel: C0123456789, url: 'https://hooks.slack.com/services/T/B/x'",
            "it is not the host of Slack's API",
        ),
        (
            "url: 'https://hooks.slack.com/services/T/B/x', channel: C0123456789",
            "has no effect without `token`",
        ),
        ("channel: C0123456789", "has no effect without `token`"),
        ("", "field `url`: is missing; add the webhook's address"),
    ] {
        let error = receiver(settings).unwrap_err();
        assert!(error.contains(expected), "{settings}: {error}");
        assert!(!error.contains("-12-ab"), "{error}");
    }
}
