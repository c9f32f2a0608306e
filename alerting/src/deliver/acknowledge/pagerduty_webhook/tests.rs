use super::*;
use crate::rule::{PagerDutyTarget, Target};

fn receiver(name: &str, secret: Option<&str>) -> Receiver {
    let url = "https://events.pagerduty.com".to_owned();
    let target = Target::PagerDuty(PagerDutyTarget { url, routing_key: Secret::new("R0UT1NG") });
    let webhook_secret = secret.map(Secret::new);
    Receiver { webhook_secret, ..Receiver::new(name.into(), target) }
}

#[test]
fn only_a_signature_by_a_known_secret_counts() {
    let receivers = [receiver("none", None), receiver("oncall", Some("key"))];
    // HMAC-SHA256 with the key "key", of a well known sentence.
    let body = b"The quick brown fox jumps over the lazy dog";
    let right = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
    let other = right.replace('f', "0");
    let table = [
        (format!("v1={right}"), true),
        (format!("v1={other},v1={right}"), true),
        (format!("v1={other}, v1={right}"), true),
        (format!("v1={other}"), false),
        (format!("v0={right}"), false),
        (right.to_owned(), false),
        (format!("v1={}", &right[..62]), false),
        ("v1=nothing".to_owned(), false),
        ("v1=".to_owned(), false),
        (String::new(), false),
    ];
    for (header, is_signed) in table {
        let signer = signer(&receivers, &header, body).map(|it| it.name.as_str());
        assert_eq!(signer, is_signed.then_some("oncall"), "{header}");
    }
    assert!(signer(&receivers, &format!("v1={right}"), b"another body").is_none());
}

#[test]
fn an_acknowledged_incident_is_read_and_other_events_are_ignored() {
    let body = |kind: &str, occurred_at: &str| {
        format!(
            r#"{{"event":{{"id":"1","event_type":"{kind}",{occurred_at}"agent":{{"summary":"Ann","id":"P1"}},
                "data":{{"id":"Q1","incident_key":"abc","status":"acknowledged"}}}}}}"#
        )
    };
    let acknowledged = |occurred_at| AcknowledgedIncident {
        dedup_key: "abc".into(),
        author: "Ann".into(),
        event_id: Some("1".into()),
        occurred_at,
    };
    let kind = "incident.acknowledged";
    assert_eq!(read(body(kind, "").as_bytes()), Ok(Some(acknowledged(None))));
    let dated = r#""occurred_at":"2026-11-28T07:45:22.169Z","#;
    let at = TimestampMs(1_795_851_922_169);
    assert_eq!(read(body(kind, dated).as_bytes()), Ok(Some(acknowledged(Some(at)))));
    let wrong = read(body(kind, r#""occurred_at":"soon","#).as_bytes());
    assert!(wrong.is_err_and(|error| error.starts_with("field `event.occurred_at` ")));
    assert_eq!(read(body("incident.resolved", "").as_bytes()), Ok(None));
    let ping = br#"{"event":{"event_type":"pagey.ping","data":{"message":"Hello"}}}"#;
    assert_eq!(read(ping), Ok(None));
    assert!(read(b"{}").is_err() && read(b"x").is_err());
}
