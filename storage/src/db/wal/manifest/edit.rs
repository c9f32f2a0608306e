//! A change in RocksDB's manifest. The tags are those of RocksDB's `db/version_edit.h`.

const COMPARATOR: u64 = 1;
const LOG_NUMBER: u64 = 2;
const NEXT_FILE_NUMBER: u64 = 3;
const LAST_SEQUENCE: u64 = 4;
const COMPACTION_CURSOR: u64 = 5;
const DELETED_FILE: u64 = 6;
const PREVIOUS_LOG_NUMBER: u64 = 9;
const MIN_LOG_NUMBER: u64 = 10;
/// A new file in its current encoding.
const NEW_FILE: u64 = 103;
const COLUMN_FAMILY: u64 = 200;
const NEW_FAMILY: u64 = 201;
const MAX_FAMILY: u64 = 203;
const ATOMIC_GROUP: u64 = 300;
/// Tags from here on are followed by a length and may be skipped.
const SKIPPABLE: u64 = 1 << 13;

/// A table file of the current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFile {
    pub(crate) number: u64,
    pub(crate) level: u64,
    pub(crate) family: u64,
    /// Its first and last key.
    pub(crate) keys: (Vec<u8>, Vec<u8>),
}

/// A change to the set of files.
#[derive(Debug, Default)]
pub(super) struct Edit {
    /// The family that it is about.
    pub(super) family: u64,
    /// The name of the family, when it is new.
    pub(super) name: Option<String>,
    /// The first file of the write-ahead log that has changes of the family that are in no table file.
    pub(super) log_number: Option<u64>,
    /// The first file of the write-ahead log that any family needs.
    pub(super) min_log_number: Option<u64>,
    /// The numbers of table files that it removes.
    pub(super) deleted: Vec<u64>,
    /// The table files that it adds.
    pub(super) added: Vec<TableFile>,
    /// How many changes of its group follow it, when it is in one: they count together or not at all.
    pub(super) group_rest: Option<u64>,
    /// Whether all of it is understood. Otherwise it has what is before the first unknown tag.
    pub(super) is_whole: bool,
}

impl Edit {
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let (mut edit, mut fields) = (Self::default(), Fields(bytes));
        while !fields.0.is_empty() {
            if edit.add(&mut fields).is_none() {
                return edit;
            }
        }
        Self { is_whole: true, ..edit }
    }

    /// Adds the next field.
    fn add(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        match fields.number()? {
            LOG_NUMBER => self.log_number = Some(fields.number()?),
            MIN_LOG_NUMBER => self.min_log_number = Some(fields.number()?),
            NEXT_FILE_NUMBER | LAST_SEQUENCE | PREVIOUS_LOG_NUMBER | MAX_FAMILY => {
                fields.number()?;
            }
            ATOMIC_GROUP => self.group_rest = Some(fields.number()?),
            COMPACTION_CURSOR => {
                fields.number()?;
                fields.text()?;
            }
            DELETED_FILE => {
                fields.number()?;
                self.deleted.push(fields.number()?);
            }
            NEW_FILE => self.added.push(fields.file()?),
            COLUMN_FAMILY => self.family = fields.number()?,
            NEW_FAMILY => self.name = Some(String::from_utf8(fields.text()?.to_vec()).ok()?),
            tag if tag == COMPARATOR || tag >= SKIPPABLE => {
                fields.text()?;
            }
            _ => return None,
        }
        Some(())
    }
}

/// The rest of a change.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// A number of variable length: seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    /// A key without the 8 bytes that RocksDB adds to it.
    fn key(&mut self) -> Option<Vec<u8>> {
        let key = self.text()?;
        Some(key.get(..key.len().checked_sub(8)?)?.to_vec())
    }

    /// A new file. Its family is that of the change.
    fn file(&mut self) -> Option<TableFile> {
        let (level, number, _size) = (self.number()?, self.number()?, self.number()?);
        let keys = (self.key()?, self.key()?);
        // Sequence numbers.
        self.number()?;
        self.number()?;
        while self.number()? != 1 {
            self.text()?;
        }
        Some(TableFile { number, level, family: 0, keys })
    }
}

/// The change that leaves out a table file.
pub(crate) fn deletion(file: &TableFile) -> Vec<u8> {
    let mut edit = Vec::new();
    for number in [DELETED_FILE, file.level, file.number, COLUMN_FAMILY, file.family] {
        let mut rest = number;
        while rest >= 0x80 {
            edit.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        edit.push(rest as u8);
    }
    edit
}
