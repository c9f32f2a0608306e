//! Keys as JSON.

use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Denied, Key, Scope, Scopes};
use crate::wire::time;

/// What a key shall be for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    #[serde(default)]
    pub(crate) partners: Vec<String>,
    pub(crate) expires_in: Option<String>,
}

/// How long the old key goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateRequest {
    pub(crate) overlap: Option<String>,
}

/// Keys.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KeysBody {
    pub(crate) keys: Vec<KeyBody>,
}

/// A new key.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NewKeyBody {
    /// Its text. It is shown once.
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) about: KeyBody,
}

/// A key, without its text.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KeyBody {
    id: String,
    name: String,
    /// `active`, `expired` or `revoked`.
    state: &'static str,
    scopes: Vec<Scope>,
    /// The only partners that it is for; left out when it is for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    partners: Option<Vec<String>>,
    created_at: String,
    created_by: String,
    expires_at: Option<String>,
    /// When it is or was revoked.
    revoked_at: Option<String>,
    /// The newest use, by the minute.
    last_used_at: Option<String>,
}

impl KeyBody {
    pub(crate) fn new(key: &Key, now: TimestampMs) -> Self {
        let grant = &key.grant;
        Self {
            id: key.id.clone(),
            name: grant.name.clone(),
            state: match key.denied(now) {
                None => "active",
                Some(Denied::Expired) => "expired",
                Some(Denied::Revoked | Denied::Unknown) => "revoked",
            },
            scopes: grant.scopes.iter().copied().collect(),
            partners: grant.partners.as_ref().map(|them| them.iter().cloned().collect()),
            created_at: time::format(key.created_at),
            created_by: grant.created_by.clone(),
            expires_at: grant.expires_at.map(time::format),
            revoked_at: key.revoked_at.map(time::format),
            last_used_at: key.last_used_at().map(time::format),
        }
    }
}
