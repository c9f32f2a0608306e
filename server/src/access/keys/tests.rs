use plimsoll_storage::Options;

use super::*;

const NOW: TimestampMs = TimestampMs(1_795_201_450_000);

fn grant(scopes: &[Scope], expires_at: Option<TimestampMs>) -> Grant {
    let scopes = scopes.iter().copied().collect();
    Grant::new("ops", scopes, &["dhl".into()], expires_at, ("test", NOW)).expect("valid")
}

#[test]
fn keys_are_found_until_they_end_also_after_a_restart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let open = || {
        let store = Store::open(&Options::new(directory.path())).expect("opened");
        Keys::load(Arc::new(store)).expect("loaded")
    };
    let keys = open();
    assert!(!keys.are_required());
    let expires_at = NOW.plus_ms(10 * MINUTE_MS);
    let (key, text) = keys.create(grant(&[Scope::Read], Some(expires_at)), NOW).expect("created");
    let (other, _) = keys.create(grant(&[Scope::Push], None), NOW).expect("created");
    assert!(keys.are_required() && key.id != other.id);
    let found = keys.find(&text, NOW).expect("found");
    assert!(found.has(Scope::Read) && !found.has(Scope::Push));
    assert_eq!(found.last_used_at(), Some(TimestampMs(1_795_201_440_000)));
    keys.note_use(NOW.plus_ms(-MINUTE_MS)).expect("noted");
    drop((keys, found, key, other));

    let keys = open();
    let found = keys.find(&text, NOW).expect("found");
    assert_eq!(found.grant, grant(&[Scope::Read], Some(expires_at)));
    assert_eq!(found.last_used_at(), Some(TimestampMs(1_795_201_440_000)));
    assert_eq!(keys.find(&text, expires_at).map(drop), Err(Denied::Expired));
    // A key that is rotated works until the end of the overlap.
    let end = NOW.plus_ms(MINUTE_MS);
    let (second, second_text) =
        keys.rotate(&found.id, "test", NOW, end).expect("rotated").expect("known");
    assert_eq!(second.grant, found.grant);
    assert!(keys.find(&second_text, end).is_ok());
    assert!(keys.find(&text, end.plus_ms(-1)).is_ok());
    assert_eq!(keys.find(&text, end).map(drop), Err(Denied::Revoked));
    assert!(keys.rotate(&found.id, "test", NOW, end).is_err(), "it is rotated once");
    // A revocation stays when the clock is set back.
    keys.revoke(&found.id, NOW).expect("revoked").expect("known");
    assert_eq!(keys.find(&text, NOW.plus_ms(-MINUTE_MS)).map(drop), Err(Denied::Revoked));
    assert!(keys.revoke("none", NOW).expect("no error").is_none());
    drop((keys, found, second));

    let keys = open();
    assert_eq!(keys.find(&text, NOW.plus_ms(-MINUTE_MS)).map(drop), Err(Denied::Revoked));
    assert_eq!(keys.list().len(), 3);
    let mistyped = text.replace("pls_", "pls-");
    for unknown in ["", "pls_", &mistyped, &secret::generate().expect("random").text] {
        assert_eq!(keys.find(unknown, NOW).map(drop), Err(Denied::Unknown), "{unknown:?}");
    }
}

#[test]
fn a_key_that_was_made_elsewhere_is_added_when_it_is_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(&Options::new(directory.path())).expect("opened");
    let keys = Keys::load(Arc::new(store)).expect("loaded");
    let text = secret::generate().expect("random").text;
    let add = |text: &str| keys.add(text, grant(&[Scope::Admin], None), NOW).expect("added");
    assert!(!add("a password") && !keys.are_required());
    assert!(add(&text));
    assert!(keys.find(&text, NOW).is_ok());
}
