//! Errors of the storage engine, in words an operator can act on.

use std::io::ErrorKind;
use std::path::PathBuf;

/// Result of a storage call.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the storage engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the database open.
    #[error(
        "the data directory {} is in use by another process; stop it or choose another directory",
        .path.display()
    )]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The database has another format version than the one this program reads.
    #[error(
        "the data directory {} has format version {found}, this program reads version {expected}; \
         use the program that wrote it",
        .path.display()
    )]
    FormatVersion {
        /// The data directory.
        path: PathBuf,
        /// The version found on disk.
        found: u32,
        /// The version this program reads.
        expected: u32,
    },
    /// The requested slot width is not that of the database.
    #[error(
        "the database was created with slots of {stored_ms} ms and cannot be opened with {requested_ms} ms; \
         leave the slot setting out or use a new data directory"
    )]
    SlotWidth {
        /// The width in the database, in ms.
        stored_ms: i64,
        /// The requested width, in ms.
        requested_ms: i64,
    },
    /// A directory that should be empty is not.
    #[error("{} is not empty; choose a new or empty directory", .path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The directory of backups holds as many as it may.
    #[error("there are {limit} backups below {}, which is the limit; delete some", .directory.display())]
    TooManyBackups {
        /// The directory.
        directory: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The directory of backups holds so many folders that backups in them are not looked for.
    #[error(
        "there are more than {limit} folders below {}, which is the limit; delete some, or use a directory for \
         backups alone",
        .directory.display()
    )]
    TooManyFolders {
        /// The directory.
        directory: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A backup is to be made too far below the directory of backups.
    #[error(
        "a backup lies at most {limit} folders below {}; choose a path with fewer",
        .directory.display()
    )]
    TooDeep {
        /// The directory.
        directory: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A directory holds something else, or nothing.
    #[error("{} is no Plimsoll database: {detail}", .path.display())]
    NotADatabase {
        /// The directory.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A file of the database is missing or damaged, so that it cannot be opened.
    #[error(
        "the database in {} cannot be opened: {detail}; put the file back, keep what can be read with \
         `plimsoll repair`, or restore a backup with `plimsoll restore` into a new directory",
        .path.display()
    )]
    Files {
        /// The data directory.
        path: PathBuf,
        /// RocksDB's description, with the name of the file.
        detail: String,
    },
    /// Parts of a database cannot be read.
    #[error(
        "the database in {} is damaged in {count} places: {first}; restore another backup. If there is none, \
         serve a copy of this directory, where answers name what is missing, or repair it",
        .path.display()
    )]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// How many places.
        count: u64,
        /// The names of the first of them.
        first: String,
    },
    /// The operating system does not allow this process to use the database.
    #[error(
        "the database in {} cannot be opened: {detail}; give the user that runs this program the right to \
         read and write the directory and every file in it, for example by changing their owner",
        .path.display()
    )]
    NotPermitted {
        /// The data directory.
        path: PathBuf,
        /// RocksDB's description, with the name of the file.
        detail: String,
    },
    /// The operating system cannot serve the database now; its files need not be damaged.
    #[error("the database in {} cannot be opened: {detail}; remove the cause and start again", .path.display())]
    NotServed {
        /// The data directory.
        path: PathBuf,
        /// RocksDB's description, with the name of the file.
        detail: String,
    },
    /// A record on disk is damaged.
    #[error("{what} is damaged: {detail}")]
    Corrupt {
        /// Which record, by column family and key.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Too much is waiting. The same append can succeed later.
    #[error("the store is busy: {reason}; send the same request again in a moment")]
    Busy {
        /// What is full.
        reason: &'static str,
    },
    /// A new stream is rejected.
    #[error(transparent)]
    StreamLimit(#[from] StreamLimit),
    /// The idempotency key belongs to another request.
    #[error(
        "the idempotency key was used for another request within 24 hours; send each request with a key of its own"
    )]
    KeyReused,
    /// One batch is larger than a journal record may be.
    #[error("the batch takes {bytes} bytes in the journal, the limit is {limit}; send it in parts")]
    BatchTooLarge {
        /// Its encoded size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The reader of a feed was too slow: more appends waited for it than may.
    #[error(
        "the feed was not read for so long that more than {limit} bytes had to wait; subscribe again"
    )]
    FeedLost {
        /// The limit.
        limit: usize,
    },
    /// The store is closing, or its writer has ended.
    #[error("the store is closed")]
    Closed,
    /// A write failed, and the store does not write until it has opened its files again.
    #[error(
        "the store cannot write: {reason}; it tries every second whether the disk works again, and then \
         goes on by itself"
    )]
    NotWritable {
        /// The failure that began it.
        reason: String,
    },
    /// RocksDB or the disk failed. RocksDB's description.
    #[error("the database failed: {0}")]
    Database(String),
    /// A file operation failed.
    #[error("cannot {action} {}: {source}{}", .path.display(), remedy(source))]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
}

/// What to do about a failed file operation, where that is known.
fn remedy(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::PermissionDenied => {
            "; give the user that runs this program the right to read and write the directory and every file \
             in it, for example by changing their owner"
        }
        ErrorKind::ReadOnlyFilesystem => "; mount the file system for writing",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free some space",
        ErrorKind::FileTooLarge => "; raise the limit of the size of files (`ulimit -f`)",
        _ => "",
    }
}

impl Error {
    /// [`Error::Corrupt`].
    pub(crate) fn corrupt(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), detail: detail.into() }
    }

    /// The same error for another caller.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::NotWritable { reason } => Self::NotWritable { reason: reason.clone() },
            Self::Closed => Self::Closed,
            Self::Database(detail) => Self::Database(detail.clone()),
            other => Self::Database(other.to_string()),
        }
    }
}

/// Why a new stream is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamLimit {
    /// The partner has as many streams as it may have now.
    #[error(
        "needs a new stream, but partner {partner:?} has {streams} streams and may have {limit} now; {most}"
    )]
    Partner {
        /// The partner.
        partner: String,
        /// How many streams it has.
        streams: usize,
        /// How many it may have while others have as many as they do.
        limit: usize,
        /// The label to look at.
        most: MostValues,
    },
    /// The name has as many streams as it may have.
    #[error(
        "needs a new stream, but there are {streams} streams named {name:?} and the limit is {limit}; {most}"
    )]
    Name {
        /// The name.
        name: String,
        /// How many streams have it.
        streams: usize,
        /// How many may have it.
        limit: usize,
        /// The label to look at.
        most: MostValues,
    },
    /// There are as many partners as may be.
    #[error(
        "needs a new partner, but there are {partners} partners and the limit is {limit}; name the partner \
         under `partners` in the rules file to reserve a place for it, or send fewer different values of \
         `partner`"
    )]
    Partners {
        /// How many partners there are.
        partners: usize,
        /// How many there may be.
        limit: usize,
    },
    /// There were too many new partners within an hour.
    #[error(
        "needs a new partner, but there are {partners} partners and only {per_hour} more are taken in an hour; \
         name the partner under `partners` in the rules file to have it taken at once, or send fewer \
         different values of `partner`"
    )]
    NewPartners {
        /// How many partners there are.
        partners: usize,
        /// How many new ones are taken in an hour.
        per_hour: usize,
    },
}

/// The label with the most values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostValues {
    /// The name of the label.
    pub label: &'static str,
    /// How many values it has in the whole database.
    pub values: usize,
}

impl std::fmt::Display for MostValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { label, values } = self;
        // Values of streams that are not stored yet do not count.
        if *values <= 1 {
            return f.write_str("send fewer different values of labels");
        }
        write!(
            f,
            "of all labels `{label}` has the most values, {values}; send fewer different values of it"
        )
    }
}
