//! Who asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::keys::Key;
use super::scope::Scope;

/// Who asks, and what they may.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// Anybody: the server has no keys.
    Anyone,
    /// Whoever has a key.
    Key(Arc<Key>),
}

impl Caller {
    /// Whether they may do something.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Anyone => true,
            Self::Key(key) => key.has(scope),
        }
    }

    /// The only partners that they may see and push for; `None` for all.
    pub(crate) fn partners(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Anyone => None,
            Self::Key(key) => key.grant.partners.as_ref(),
        }
    }

    /// A name for records.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Anyone => "anyone",
            Self::Key(key) => &key.grant.name,
        }
    }
}
