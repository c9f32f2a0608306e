//! How a part of a block can be damaged.

/// How a part is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PartError {
    /// The bytes end before the part does.
    #[error("a part is cut short")]
    Truncated,
    /// The bytes are not those that were written.
    #[error("the checksum of a part does not match")]
    Checksum,
    /// An encoding that this program does not know.
    #[error("a part has encoding version {0}, which this program does not know")]
    Version(u8),
    /// The columns cannot be decoded.
    #[error("the columns of a part do not fit each other")]
    Columns,
}
