use super::*;

fn pagerduty(url: &str, key: &str) -> Target {
    Target::PagerDuty(PagerDutyTarget { url: url.into(), routing_key: Secret::new(key) })
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
fn all_kinds_are_named() {
    let names = kind_names();
    assert!(names.starts_with("`pagerduty`, ") && names.contains(" or `"), "{names}");
    assert!(KINDS.iter().all(|kind| names.contains(&format!("`{kind}`"))), "{names}");
}
