//! What PagerDuty documents of an Events API v2 body, as a schema:
//! <https://developer.pagerduty.com/docs/send-alert-event>.

use serde_json::{Value, json};

/// Bytes that a whole event may have.
const BODY_BYTES_MAX: usize = 512_000;

fn schema() -> Value {
    let text = |most: u32| json!({"type": "string", "minLength": 1, "maxLength": most});
    json!({
        "type": "object",
        "required": ["routing_key", "event_action", "dedup_key"],
        "additionalProperties": false,
        "properties": {
            "routing_key": text(32),
            "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
            "dedup_key": text(255),
            "payload": {
                "type": "object",
                "required": ["summary", "source", "severity"],
                "additionalProperties": false,
                "properties": {
                    "summary": text(1_024),
                    "source": text(1_024),
                    "severity": {"enum": ["critical", "error", "warning", "info"]},
                    "timestamp": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"},
                    "component": {"type": "string"},
                    "group": {"type": "string"},
                    "class": {"type": "string"},
                    "custom_details": {"type": "object"},
                },
            },
            "images": {"type": "array"},
            "links": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["href"],
                    "additionalProperties": false,
                    "properties": {
                        "href": {"type": "string", "pattern": "^https?://"},
                        "text": {"type": "string"},
                    },
                },
            },
            "client": {"type": "string"},
            "client_url": {"type": "string"},
        },
        "if": {"properties": {"event_action": {"const": "trigger"}}},
        "then": {"required": ["payload"]},
    })
}

/// Holds a body against what is documented.
pub(crate) fn assert_as_documented(body: &str) {
    assert!(body.len() <= BODY_BYTES_MAX, "{} bytes", body.len());
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let event: Value = serde_json::from_str(body).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&event)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}: {body}");
}

#[test]
fn the_schema_rejects_what_pagerduty_rejects() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = json!({
        "routing_key": "k", "event_action": "trigger", "dedup_key": "d",
        "payload": {"summary": "s", "source": "dhl", "severity": "critical"},
    });
    assert!(validator.is_valid(&good));
    for (pointer, wrong) in [
        ("/event_action", json!("open")),
        ("/payload/severity", json!("fatal")),
        ("/payload/summary", json!("x".repeat(1_025))),
        ("/dedup_key", json!("x".repeat(256))),
        ("/payload", json!({})),
    ] {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&event), "{pointer}");
    }
}
