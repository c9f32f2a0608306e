//! What can go wrong here, as sentences an operator can act on.

use crate::rule::RuleError;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Failure of an alerting operation. No variant ever carries a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The rules file does not hold what it should.
    #[error(transparent)]
    Rule(Box<RuleError>),

    /// The rules file could not be read.
    #[error("the rules file {path} could not be read: {source}")]
    RulesFile {
        /// The path as it was given.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },

    /// The rules file is longer than [`crate::limits::RULES_FILE_BYTES_MAX`].
    #[error("the rules file {path} has {bytes} bytes, the limit is {limit}")]
    RulesFileTooLong {
        /// The path as it was given.
        path: String,
        /// Its length.
        bytes: u64,
        /// The bound.
        limit: u64,
    },

    /// The store failed.
    #[error("the store failed: {0}")]
    Storage(#[from] plimsoll_storage::Error),

    /// A question to the data failed.
    #[error("the data could not be read: {0}")]
    Query(#[from] plimsoll_query::Error),

    /// A stored row of alerting cannot be understood.
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
        /// The refused address.
        host: String,
    },

    /// The HTTP client could not be set up.
    #[error("the HTTP client for receivers could not be set up: {0}")]
    HttpClient(String),
}

impl From<Box<RuleError>> for Error {
    fn from(error: Box<RuleError>) -> Self {
        Self::Rule(error)
    }
}
