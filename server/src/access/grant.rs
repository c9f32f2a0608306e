//! What is said of a key when it is made.

use std::collections::BTreeSet;

use plimsoll_storage::{TimestampMs, normal_label};

use super::scope::Scopes;

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 128;
/// Partners that a key may be limited to.
const PARTNERS_MAX: usize = 1_000;

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Who or what has it.
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    /// The only partners that it is about; `None` for all.
    pub(crate) partners: Option<BTreeSet<String>>,
    pub(crate) expires_at: Option<TimestampMs>,
    /// Name of the key by which it was made, or where.
    pub(crate) created_by: String,
}

/// Why a key cannot be as it was asked for: the field, and what is wrong with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` {1}")]
pub(crate) struct GrantError(pub(crate) &'static str, pub(crate) String);

impl Grant {
    /// Checks what a key is for. `partners` may be empty for all of them.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub(crate) fn new(
        name: &str,
        scopes: Scopes,
        partners: &[String],
        expires_at: Option<TimestampMs>,
        (created_by, now): (&str, TimestampMs),
    ) -> Result<Self, GrantError> {
        let name = name.trim();
        let is_line = !name.chars().any(char::is_control);
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !is_line {
            let detail = format!("must be 1 to {NAME_BYTES_MAX} bytes without control characters");
            return Err(GrantError("name", detail));
        }
        if scopes.is_empty() {
            let detail = "is missing; name some of push, read, ids, operate and admin".to_owned();
            return Err(GrantError("scopes", detail));
        }
        if partners.len() > PARTNERS_MAX {
            return Err(GrantError("partners", format!("must be {PARTNERS_MAX} at most")));
        }
        let normal = partners.iter().map(|partner| {
            let checked = normal_label(partner);
            checked
                .map(|it| it.into_owned())
                .map_err(|error| format!("has {partner:?}: it {error}"))
        });
        let partners: BTreeSet<String> =
            normal.collect::<Result<_, _>>().map_err(|detail| GrantError("partners", detail))?;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(GrantError("expires_at", "lies in the past".to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            scopes,
            partners: (!partners.is_empty()).then_some(partners),
            expires_at,
            created_by: created_by.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
