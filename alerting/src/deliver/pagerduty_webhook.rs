//! What PagerDuty tells us: webhooks v3, <https://developer.pagerduty.com/docs/webhooks/v3-overview/>.
//!
//! The header `X-PagerDuty-Signature` has one or, while a secret is rotated, several signatures, as
//! `v1=` and the hex of HMAC-SHA256 over the body, with commas between them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use crate::hex::unhex;
use crate::rule::{Receiver, Secret};

/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 100;

#[derive(Deserialize)]
struct Envelope {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    event_type: String,
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

/// That someone acknowledged an incident over there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// The dedup key of the event that opened it.
    pub(super) dedup_key: String,
    /// Who, as PagerDuty names them.
    pub(super) author: String,
}

/// The receiver whose secret signed a body, if any did.
pub(super) fn signer<'a>(
    receivers: &'a [Receiver],
    header: &str,
    body: &[u8],
) -> Option<&'a Receiver> {
    let signatures = header.split(',').filter_map(|one| unhex(one.trim().strip_prefix("v1=")?));
    let signatures: Vec<Vec<u8>> = signatures.collect();
    let is_by = |secret: &Secret| {
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
        // Any length of key is taken. The comparison takes the same time whatever differs.
        mac.is_ok_and(|mac| {
            let mac = mac.chain_update(body);
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        })
    };
    receivers.iter().find(|receiver| receiver.webhook_secret.as_ref().is_some_and(is_by))
}

/// What a body says; `None` when it is about something else.
pub(super) fn read(body: &[u8]) -> Result<Option<Heard>, String> {
    let Envelope { event } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if event.event_type != "incident.acknowledged" {
        return Ok(None);
    }
    let name = event.agent.and_then(|agent| agent.summary);
    let author = name.unwrap_or_else(|| "someone at PagerDuty".to_owned());
    let author = author.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    Ok(event.data.incident_key.map(|dedup_key| Heard { dedup_key, author }))
}

#[cfg(test)]
mod tests;
