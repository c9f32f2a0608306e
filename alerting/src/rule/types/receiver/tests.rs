use super::*;

fn pagerduty(url: &str, key: &str) -> Receiver {
    let target = Target::PagerDuty { url: url.into(), routing_key: Secret::new(key) };
    Receiver::new("oncall".into(), target)
}

#[test]
fn the_fingerprint_follows_the_target_and_shows_no_secret() {
    let one = pagerduty(PAGERDUTY_URL, "key-one").fingerprint();
    assert_eq!(one.len(), 32);
    assert_eq!(one, pagerduty(PAGERDUTY_URL, "key-one").fingerprint());
    assert_ne!(one, pagerduty(PAGERDUTY_URL, "key-two").fingerprint());
    assert_ne!(one, pagerduty("https://events.eu.pagerduty.com", "key-one").fingerprint());
    assert!(!format!("{:?}", pagerduty(PAGERDUTY_URL, "key-one")).contains("key-one"));
}

#[test]
fn webhook_secrets_are_base64_behind_their_prefix() {
    assert_eq!(webhook_key(&Secret::new("whsec_AQID")), Some(vec![1, 2, 3]));
    assert_eq!(webhook_key(&Secret::new("plain")), Some(b"plain".to_vec()));
    assert_eq!(webhook_key(&Secret::new("whsec_%%%")), None);
}
