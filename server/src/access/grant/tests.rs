use super::*;
use crate::access::Scope;

#[test]
fn what_cannot_work_is_refused_by_field() {
    let now = TimestampMs(1_795_201_440_000);
    let grant = |name: &str, scopes: &[Scope], partners: &[&str], expires_at: Option<i64>| {
        let partners: Vec<String> = partners.iter().map(|it| (*it).to_owned()).collect();
        let scopes = scopes.iter().copied().collect();
        let made = Grant::new(name, scopes, &partners, expires_at.map(TimestampMs), ("test", now));
        made.map_err(|error| error.0)
    };
    let read = &[Scope::Read][..];
    let made = grant(" ops ", read, &["dhl", " ups"], Some(now.0 + 1)).expect("valid");
    assert_eq!(made.name, "ops");
    assert_eq!(made.partners, Some(BTreeSet::from(["dhl".to_owned(), "ups".to_owned()])));
    assert_eq!(grant("ops", read, &[], None).expect("valid").partners, None);
    assert_eq!(grant("", read, &[], None), Err("name"));
    assert_eq!(grant("a\nb", read, &[], None), Err("name"));
    assert_eq!(grant(&"a".repeat(129), read, &[], None), Err("name"));
    assert_eq!(grant("ops", &[], &[], None), Err("scopes"));
    assert_eq!(grant("ops", read, &[""], None), Err("partners"));
    assert_eq!(grant("ops", read, &["a\u{200b}b"], None), Err("partners"));
    assert_eq!(grant("ops", read, &[], Some(now.0)), Err("expires_at"));
}
