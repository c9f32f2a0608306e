//! Log lines as the body of a push.

use serde::Serialize;

use crate::import::Observation;

#[derive(Serialize)]
struct Body<'a> {
    events: Vec<EventBody<'a>>,
}

/// A log line as an event of a push.
#[derive(Serialize)]
struct EventBody<'a> {
    stream: &'a str,
    partner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    at: i64,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<IdsBody<'a>>,
}

#[derive(Serialize)]
struct IdsBody<'a> {
    correlation_id: &'a str,
}

/// Some log lines as JSON.
///
/// # Errors
/// Never: the body is written into memory.
pub(super) fn of(stream: &str, lines: &[Observation]) -> serde_json::Result<Vec<u8>> {
    let events = lines.iter().map(|line| event(stream, line)).collect();
    serde_json::to_vec(&Body { events })
}

fn event<'a>(stream: &'a str, line: &'a Observation) -> EventBody<'a> {
    EventBody {
        stream,
        partner: &line.partner,
        operation: line.operation.as_deref(),
        environment: line.environment.as_deref(),
        site: line.site.as_deref(),
        at: line.at_ms,
        status: line.status,
        latency_ms: line.latency_us.map(|us| us as f64 / 1e3),
        ids: line.correlation_id.as_deref().map(|correlation_id| IdsBody { correlation_id }),
    }
}
