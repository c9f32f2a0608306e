//! Errors of this crate, as sentences an operator can act on. Mistakes in a rules file are
//! [`RulesFileError`](crate::rule::RulesFileError).

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Failure of an alerting operation. No variant ever carries a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    #[error("the store failed: {0}")]
    Storage(#[from] plimsoll_storage::Error),

    /// A query failed.
    #[error("the data could not be read: {0}")]
    Query(#[from] plimsoll_query::Error),

    /// A stored row of alerting cannot be decoded.
    #[error("a stored {what} cannot be read: {detail}")]
    Corrupt {
        /// Kind of row.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },

    /// A receiver may not be contacted.
    #[error(
        "receiver `{receiver}` points to {host}, a loopback or private address; use a public one, \
         or start with --allow-private-receivers"
    )]
    PrivateReceiver {
        /// Name of the receiver.
        receiver: String,
        /// Its address.
        host: String,
    },

    /// The outside monitor of the heartbeat may not be contacted.
    #[error(
        "setting `heartbeat` points to {host}, a loopback or private address; use a public one, or start \
         with --allow-private-receivers"
    )]
    PrivateHeartbeat {
        /// Its address.
        host: String,
    },

    /// The HTTP client could not be set up.
    #[error("the HTTP client for receivers could not be set up: {0}")]
    HttpClient(String),
}
