//! What a key allows.

use std::collections::BTreeSet;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a key allows. None contains another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// To push.
    Push,
    /// To read, without ids of orders.
    Read,
    /// To read ids of orders, shipments, correlations and traces.
    Ids,
    /// To silence, acknowledge, replay, test receivers, and run backtests and drills.
    Operate,
    /// To manage keys, make backups and purge.
    Admin,
}

/// Some scopes.
pub(crate) type Scopes = BTreeSet<Scope>;

impl Scope {
    pub(crate) const ALL: [Self; 5] =
        [Self::Push, Self::Read, Self::Ids, Self::Operate, Self::Admin];

    /// The name in the API, on the command line and in documentation.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Read => "read",
            Self::Ids => "ids",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| "use push, read, ids, operate or admin".to_owned())
    }
}
