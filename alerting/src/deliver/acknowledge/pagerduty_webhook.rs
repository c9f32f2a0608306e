//! Webhooks that PagerDuty sends to this server, version 3:
//! <https://developer.pagerduty.com/docs/webhooks/v3-overview/>.
//!
//! The header `X-PagerDuty-Signature` has one or, while a secret is rotated, several signatures, as
//! `v1=` and the hex of HMAC-SHA256 over the body, with commas between them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use plimsoll_storage::TimestampMs;
use serde::Deserialize;
use sha2::Sha256;

use crate::hex::unhex;
use crate::rule::{Receiver, Secret};
use crate::text::json::read_json;
use crate::text::time::parse_time;

/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 100;
/// Characters of the id of an event that are kept.
const ID_CHARS_MAX: usize = 100;

#[derive(Deserialize)]
struct Envelope {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    id: Option<String>,
    event_type: String,
    occurred_at: Option<String>,
    agent: Option<Agent>,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize)]
struct Agent {
    summary: Option<String>,
}

#[derive(Default, Deserialize)]
struct Data {
    incident_key: Option<String>,
}

/// An incident that someone acknowledged in PagerDuty.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::deliver) struct AcknowledgedIncident {
    /// The dedup key of the event that opened it.
    pub(in crate::deliver) dedup_key: String,
    /// Who acknowledged it, as named in PagerDuty.
    pub(in crate::deliver) author: String,
    /// The id of the event, which PagerDuty keeps when it sends the webhook again.
    pub(in crate::deliver) event_id: Option<String>,
    /// When it was acknowledged, by the clock of PagerDuty.
    pub(in crate::deliver) occurred_at: Option<TimestampMs>,
}

/// The receiver whose secret signed a body, if any.
pub(in crate::deliver) fn signer<'a>(
    receivers: &'a [Receiver],
    header: &str,
    body: &[u8],
) -> Option<&'a Receiver> {
    let signatures = header.split(',').filter_map(|one| unhex(one.trim().strip_prefix("v1=")?));
    let signatures: Vec<Vec<u8>> = signatures.collect();
    let has_signed = |secret: &Secret| {
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
        // Keys of any length are accepted. The comparison takes constant time.
        mac.is_ok_and(|mac| {
            let mac = mac.chain_update(body);
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        })
    };
    receivers.iter().find(|receiver| receiver.webhook_secret.as_ref().is_some_and(has_signed))
}

/// Parses a body; `None` when it is about something else.
pub(in crate::deliver) fn read(body: &[u8]) -> Result<Option<AcknowledgedIncident>, String> {
    let Envelope { event } = read_json(body)?;
    if event.event_type != "incident.acknowledged" {
        return Ok(None);
    }
    let name = event.agent.and_then(|agent| agent.summary);
    let author = name.unwrap_or_else(|| "someone at PagerDuty".to_owned());
    let author = author.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let event_id = event.id.map(|id| id.chars().take(ID_CHARS_MAX).collect());
    let occurred_at = event.occurred_at.as_deref().map(parse_time).transpose();
    let occurred_at = occurred_at.map_err(|error| format!("field `event.occurred_at` {error}"))?;
    Ok(event.data.incident_key.map(|dedup_key| AcknowledgedIncident {
        dedup_key,
        author,
        event_id,
        occurred_at,
    }))
}

#[cfg(test)]
mod tests;
