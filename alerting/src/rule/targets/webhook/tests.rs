use super::*;

#[test]
fn webhook_secrets_are_base64_behind_their_prefix() {
    assert_eq!(webhook_key(&Secret::new("whsec_AQID")), Some(vec![1, 2, 3]));
    assert_eq!(webhook_key(&Secret::new("plain")), Some(b"plain".to_vec()));
    assert_eq!(webhook_key(&Secret::new("whsec_%%%")), None);
}
