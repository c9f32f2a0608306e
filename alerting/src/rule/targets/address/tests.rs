use super::*;

fn reason(problem: RuleProblem) -> &'static str {
    match problem {
        RuleProblem::Url(reason, _) => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn an_address_has_a_scheme_and_a_host() {
    for good in [
        "https://hub.example",
        "HTTPS://hub.example/a?b=c",
        "http://10.0.0.1:9093/",
        "http://[::1]:80/x",
        "https://h\u{fc}b.example/",
        "http://alert_manager:9093",
    ] {
        assert!(full_url(good).is_ok(), "{good}");
    }
    let table = [
        ("", "it does not begin with a scheme"),
        ("hub.example/alerts", "it does not begin with a scheme"),
        ("https:/hub.example", "it does not begin with a scheme"),
        ("ftp://hub.example", "its scheme is not supported"),
        ("https://", "it has no host"),
        ("https:///alerts", "it has no host"),
        ("https://:443/", "it has no host"),
        ("https://hub.example:99999/", "its host or port is not valid"),
        ("https://{host}/", "its host or port is not valid"),
        ("https://${HOST}/", "variables such as `${NAME}` are not replaced in the rules file"),
        ("https://hub.example/a b", "it holds a space or a line break"),
        (" https://hub.example", "it holds a space or a line break"),
        ("https://ann:pw@hub.example/", "it contains a user name or password"),
        ("https://hub.example/#a", "a part behind `#` is never sent"),
    ];
    for (bad, expected) in table {
        assert_eq!(reason(full_url(bad).unwrap_err()), expected, "{bad}");
    }
}

#[test]
fn a_base_has_no_path_of_the_api() {
    let base = |text| base_url(text, "/v2/enqueue");
    assert_eq!(
        base("https://events.pagerduty.com/").as_deref(),
        Ok("https://events.pagerduty.com")
    );
    assert_eq!(base("http://proxy:80/pd").as_deref(), Ok("http://proxy:80/pd"));
    for bad in ["https://events.pagerduty.com/v2/enqueue", "https://e.example/?a", "https://"] {
        assert!(base(bad).is_err(), "{bad}");
    }
}

#[test]
fn hosts_of_pagerduty_are_known() {
    let is_pagerduty = |url| is_of_host(url, "pagerduty.com");
    assert!(is_pagerduty("https://events.eu.pagerduty.com") && !is_pagerduty("http://127.0.0.1:1"));
    assert!(!is_pagerduty("https://events.notpagerduty.com"));
}

#[test]
fn the_api_of_a_service_has_no_path_at_its_own_hosts() {
    let base = |text| base_url_of(text, "/v2/alerts", "opsgenie.com");
    assert!(base("https://api.opsgenie.com/").is_ok());
    assert!(base("http://proxy.example/opsgenie").is_ok());
    for (bad, expected) in [
        ("https://api.opsgenie.com/v2", "it has a path, and that of the API is added to it"),
        ("https://api.opsgenie.com/v2/alerts", "it has the path of the API, which is added to it"),
        ("http://api.opsgenie.com", "it is reached over https only"),
    ] {
        assert_eq!(reason(base(bad).unwrap_err()), expected, "{bad}");
    }
}
