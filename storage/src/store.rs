//! The store: opening, appending, reading, sealing and closing. The work is done in the modules
//! beside this one.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, mpsc as sync_mpsc};
use std::thread::JoinHandle;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{mpsc, oneshot};

use crate::catalog::matcher::LabelMatchers;
use crate::catalog::streams::Catalog;
use crate::codec::Columns;
use crate::db::damage::Damage;
use crate::db::database::Database;
use crate::db::tables::{self, Order, Record, Table, TableBatch};
use crate::error::{Error, Result};
use crate::limits::{self, APPEND_QUEUE_MAX, HEAD_AGE_SEAL_MS, RECORD_BYTES_MAX};
use crate::maintain::compact::Untidy;
use crate::maintain::downsample::Epochs;
use crate::maintain::retention::Retention;
use crate::maintain::seal::{self, Sealed};
use crate::memory::head::Head;
use crate::model::cell::SlotValue;
use crate::model::labels::Label;
use crate::model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
use crate::model::time::{Slot, SlotWidth, TimestampMs};
use crate::open;
use crate::options::Options;
use crate::read::scan::{self, Reader, Scan};
use crate::write::batch::{Batch, BatchBuilder};
use crate::write::feed::{Feed, FeedPast, Tap};
use crate::write::writer::{Append, Appended, GroupCounts, Message, Writer};

/// What the clock holds before the store was told a time.
const NO_TIME: i64 = i64::MIN;

/// What the store's threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) db: Database,
    /// Blocks that readers found damaged.
    pub(crate) damage: Damage,
    pub(crate) catalog: RwLock<Catalog>,
    pub(crate) head: Head,
    pub(crate) slot_width: SlotWidth,
    /// The newest time the store was told, in ms; [`NO_TIME`] before.
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) retention: Retention,
    pub(crate) groups: GroupCounts,
    pub(crate) untidy: Untidy,
    pub(crate) epochs: Epochs,
    /// See [`Shared::first_day`].
    pub(crate) slots_from: AtomicU32,
    memory_bytes: usize,
    cache_growth_bytes_max: usize,
    newest_slot: AtomicU32,
    sealed_slot: AtomicU32,
}

impl Shared {
    /// The time by which cells expire: the clock's, but never later than the newest data. A clock
    /// that jumps ahead therefore expires nothing, and a store that is not written to keeps what it
    /// has.
    pub(crate) fn data_now(&self) -> TimestampMs {
        match self.clock.load(Ordering::Relaxed) {
            NO_TIME => self.newest(),
            clock => self.newest().min(TimestampMs(clock)),
        }
    }

    /// The end of the newest slot of which there is a cell.
    pub(crate) fn newest(&self) -> TimestampMs {
        self.slot_width.end(Slot(self.newest_slot.load(Ordering::Acquire)))
    }

    /// Notes that cells up to `slot` are stored.
    pub(crate) fn saw_slot(&self, slot: Slot) {
        self.newest_slot.fetch_max(slot.0, Ordering::AcqRel);
    }

    /// How many bytes of sealed cells may stay in memory.
    pub(crate) fn resident_bytes_max(&self) -> usize {
        let streams = self.catalog.read().len();
        limits::resident_bytes_max(self.memory_bytes, streams, self.cache_growth_bytes_max)
    }

    /// The newest slot that was ever sealed: no block holds a later one.
    pub(crate) fn sealed_slot(&self) -> Slot {
        Slot(self.sealed_slot.load(Ordering::Acquire))
    }

    pub(crate) fn set_sealed_slot(&self, slot: Slot) {
        self.sealed_slot.store(slot.0, Ordering::Release);
    }
}

/// What the store holds, for telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Streams known.
    pub streams: u64,
    /// Bytes of unsealed cells in memory.
    pub head_bytes: u64,
    /// Bytes of sealed cells kept in memory for reading.
    pub cache_bytes: u64,
    /// Bytes of the database's files, write-ahead log left out.
    pub disk_bytes: u64,
    /// Blocks that readers found damaged since the store was opened.
    pub damaged_blocks: u64,
    /// Appends waiting for the writer.
    pub append_queue: u64,
    /// Appends written to the journal since the store was opened.
    pub appends: u64,
    /// Writes that took them there, each with one fsync when the store is opened so.
    pub journal_writes: u64,
}

/// An embedded store in one data directory.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    messages: Option<mpsc::Sender<Message>>,
    writer: Option<JoinHandle<()>>,
    pub(crate) sealing: Mutex<()>,
    /// Whether days were past their retention when it was last looked.
    pub(crate) has_more_to_retain: AtomicBool,
}

impl Store {
    /// Opens the store, making the data directory when it is missing and replaying what was
    /// appended but not sealed.
    ///
    /// # Errors
    /// When the directory is in use, has another format or slot width, or cannot be read.
    pub fn open(options: &Options) -> Result<Self> {
        let path = &options.path;
        std::fs::create_dir_all(path).map_err(|source| Error::Io {
            action: "create the data directory",
            path: path.clone(),
            source,
        })?;
        let clock = Arc::new(AtomicI64::new(NO_TIME));
        let db = Database::open(path, options.durability, &clock)?;
        let slot_width = open::check_format(&db, path, options.slot_width)?;
        let retention = options.retention.with_slots_of(slot_width);
        let sealed_slot = open::sealed_slot(&db)?;
        let slots_from = open::slots_from(&db)?;
        let catalog = open::load_catalog(&db)?;
        let memory_bytes = options.memory_bytes.max(limits::MEMORY_BYTES_MIN);
        let head = Head::new(sealed_slot.plus(1));
        let replayed = open::replay_journal(&db, &catalog, &head)?;
        let catalog = RwLock::new(catalog);
        let shared = Arc::new(Shared {
            db,
            damage: Damage::default(),
            catalog,
            head,
            slot_width,
            clock,
            retention,
            groups: GroupCounts::default(),
            untidy: Untidy::default(),
            epochs: Epochs::default(),
            slots_from: AtomicU32::new(slots_from),
            memory_bytes,
            cache_growth_bytes_max: options.cache_growth_bytes_max,
            newest_slot: AtomicU32::new(sealed_slot.max(replayed.newest).0),
            sealed_slot: AtomicU32::new(sealed_slot.0),
        });
        let (messages, receiver) = mpsc::channel(APPEND_QUEUE_MAX);
        let writer = Writer::new(Arc::clone(&shared), replayed.next_sequence);
        let writer = std::thread::Builder::new()
            .name("plimsoll-writer".into())
            .spawn(move || writer.run(receiver))
            .map_err(|source| Error::Io {
                action: "start the writer for",
                path: path.clone(),
                source,
            })?;
        let (messages, writer) = (Some(messages), Some(writer));
        Ok(Self {
            shared,
            messages,
            writer,
            sealing: Mutex::new(()),
            has_more_to_retain: AtomicBool::new(false),
        })
    }

    /// The width of a slot.
    #[must_use]
    pub fn slot_width(&self) -> SlotWidth {
        self.shared.slot_width
    }

    /// Starts a batch.
    #[must_use]
    pub fn batch(&self) -> BatchBuilder<'_> {
        BatchBuilder::new(self)
    }

    /// Hands a batch to the writer. The answer arrives once the batch is as durable as the store
    /// was opened to be, and visible to readers. `items` is remembered with the idempotency key
    /// and returned to whoever sends the key again.
    ///
    /// # Errors
    /// [`Error::Busy`] when too much is waiting, [`Error::BatchTooLarge`], [`Error::Closed`]. The
    /// answer itself can be an error too: then nothing of the batch was stored.
    pub fn append(
        &self,
        batch: Batch,
        items: u64,
        idempotency_key: Option<&[u8]>,
        received_at: TimestampMs,
    ) -> Result<oneshot::Receiver<Result<Appended>>> {
        if batch.encoded.len() > RECORD_BYTES_MAX {
            let bytes = batch.encoded.len();
            return Err(Error::BatchTooLarge { bytes, limit: RECORD_BYTES_MAX });
        }
        if self.shared.head.size_bytes() > limits::head_bytes_max(self.shared.memory_bytes) {
            return Err(Error::Busy { reason: "the head is full and waits for sealing" });
        }
        let (reply, answer) = oneshot::channel();
        let idempotency_key = idempotency_key.map(<[u8]>::to_vec);
        let append = Append { batch, idempotency_key, items, received_at, reply };
        let messages = self.messages.as_ref().ok_or(Error::Closed)?;
        messages.try_send(Message::Append(Box::new(append))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                Error::Busy { reason: "too many appends are waiting" }
            }
            mpsc::error::TrySendError::Closed(_) => Error::Closed,
        })?;
        Ok(answer)
    }

    /// [`Store::append`] for threads that may block: waits for the answer.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_blocking(
        &self,
        batch: Batch,
        items: u64,
        idempotency_key: Option<&[u8]>,
        received_at: TimestampMs,
    ) -> Result<Appended> {
        let answer = self.append(batch, items, idempotency_key, received_at)?;
        answer.blocking_recv().map_err(|_| Error::Closed)?
    }

    /// How many cells a scan comes upon at most, found without reading any.
    #[must_use]
    pub fn cells_max(&self, scan: &Scan<'_>) -> u64 {
        scan::cells_max(&self.shared, scan)
    }

    /// How many slots a stored cell covers when those finer than [`Scan::grain`] allows have expired where
    /// `slots` begin and coarser ones stand in: each counts where it begins, so what is added up between
    /// two borders may be off at them. `None` when nothing stands in.
    #[must_use]
    pub fn coarser_slots(&self, slots: &std::ops::Range<Slot>, grain: u32) -> Option<u32> {
        scan::coarser_slots(&self.shared, slots, grain)
    }

    /// Calls `visit` with the cells asked for, in no order. A slot of a stream may come more than
    /// once, each time with another share of it: add them up.
    ///
    /// # Errors
    /// When the database cannot be read. A damaged block is passed over: [`Store::damaged`] names it.
    pub fn scan(
        &self,
        scan: &Scan<'_>,
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        self.reader(scan.slots.clone(), scan.grain, scan.wanted).scan(scan.streams, visit)
    }

    /// What the store holds about some slots now, to be read stream by stream; [`Scan`] says what
    /// `grain` and `wanted` mean.
    #[must_use]
    pub fn reader(&self, slots: std::ops::Range<Slot>, grain: u32, wanted: Columns) -> Reader<'_> {
        Reader::new(&self.shared, slots, grain, wanted)
    }

    /// Begins to follow the store: everything appended so far can be read from the past, everything
    /// that comes later arrives through the feed, each cell in one of the two.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn subscribe(&self) -> Result<(FeedPast<'_>, Feed)> {
        let _nothing_is_sealed = self.sealing.lock();
        let feed = Feed::default();
        self.freeze(Some(feed.tap()))?;
        Ok((FeedPast::new(&self.shared), feed))
    }

    /// Whether any scan has met a damaged block since the store was opened.
    #[must_use]
    pub fn has_damage(&self) -> bool {
        self.shared.damage.count() > 0
    }

    /// The damaged blocks that scans of these streams and slots have met so far, by name. Their cells
    /// are missing from what was scanned.
    #[must_use]
    pub fn damaged(&self, streams: &[StreamId], slots: &std::ops::Range<Slot>) -> Vec<String> {
        let day = |slot: Slot| slot.0 / (24 * self.shared.slot_width.slots_per_hour());
        self.shared.damage.of(streams, &(day(slots.start)..=day(slots.end)))
    }

    /// The streams of a kind and name (any name when `None`) that match `labels`, ascending.
    #[must_use]
    pub fn select(
        &self,
        kind: StreamKind,
        name: Option<&str>,
        labels: &LabelMatchers,
    ) -> Vec<StreamId> {
        self.shared.catalog.read().select(kind, name, labels)
    }

    /// The full name of a stream.
    #[must_use]
    pub fn stream_key(&self, stream: StreamId) -> Option<StreamKey> {
        self.shared.catalog.read().key(stream)
    }

    /// The values of some labels of a stream; empty where a label is absent.
    #[must_use]
    pub fn stream_labels(&self, stream: StreamId, labels: &[Label]) -> Vec<String> {
        let catalog = self.shared.catalog.read();
        labels.iter().map(|label| catalog.label(stream, *label).into()).collect()
    }

    /// Streams by the values of some labels, at most as many as there are labels, in the order of the
    /// values; empty where a label is absent.
    #[must_use]
    pub fn group(&self, streams: &[StreamId], by: &[Label]) -> Vec<(Vec<String>, Vec<StreamId>)> {
        self.shared.catalog.read().group(streams, by)
    }

    /// The values a label has, sorted.
    #[must_use]
    pub fn label_values(&self, label: Label) -> Vec<String> {
        self.shared.catalog.read().values(label)
    }

    /// The names of streams, sorted.
    #[must_use]
    pub fn stream_names(&self) -> Vec<String> {
        self.shared.catalog.read().names()
    }

    /// The newest event time of a stream; `None` when it only ever sent heartbeats.
    #[must_use]
    pub fn last_seen(&self, stream: StreamId) -> Option<TimestampMs> {
        self.shared.catalog.read().last_seen(stream)
    }

    /// Keeps the store in shape: seals the head when it is large or old, and lets go of days past
    /// their retention, some of a day at a time. Call it every second or so.
    ///
    /// # Errors
    /// When the database cannot be written; the head then stays as it is.
    pub fn maintain(&self, now: TimestampMs) -> Result<Option<Sealed>> {
        self.shared.clock.fetch_max(now.0, Ordering::Relaxed);
        let oldest = self.shared.head.first_append_at();
        let is_old = |oldest| now.since_ms(oldest) >= HEAD_AGE_SEAL_MS || self.needs_seal();
        let sealed = if oldest.is_some_and(is_old) { Some(self.seal()?) } else { None };
        // Only sealed data makes days expire, so this is the moment to look.
        if sealed.is_some() || self.has_more_to_retain.load(Ordering::Relaxed) {
            self.retain_some()?;
        }
        Ok(sealed)
    }

    /// Whether the head or its journal has grown so large that it should be sealed at once.
    #[must_use]
    pub fn needs_seal(&self) -> bool {
        let head = &self.shared.head;
        head.size_bytes() >= limits::head_bytes_seal(self.shared.memory_bytes)
            || head.journal_bytes() >= limits::journal_bytes_seal(self.shared.catalog.read().len())
    }

    /// Seals everything appended so far into blocks.
    ///
    /// # Errors
    /// When the database cannot be written; nothing is lost and the next call tries again.
    pub fn seal(&self) -> Result<Sealed> {
        let _one_at_a_time = self.sealing.lock();
        // What an earlier attempt or a subscription left: while it cannot be written, no more
        // generations are made.
        let left_over = seal::seal_frozen(&self.shared)?;
        self.freeze(None)?;
        Ok(left_over + seal::seal_frozen(&self.shared)?)
    }

    /// Freezes the active generation. The feed of `tap` begins at that point.
    fn freeze(&self, tap: Option<Tap>) -> Result<()> {
        let (reply, frozen) = sync_mpsc::channel();
        let mut message = Message::Freeze { tap, reply };
        loop {
            let messages = self.messages.as_ref().ok_or(Error::Closed)?;
            match messages.try_send(message) {
                Ok(()) => return frozen.recv().map_err(|_| Error::Closed),
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(Error::Closed),
                Err(mpsc::error::TrySendError::Full(unsent)) => {
                    // The writer takes a whole group from the queue at a time.
                    message = unsent;
                    std::thread::yield_now();
                }
            }
        }
    }

    /// Compacts every sealed block: folds its parts into one and gives the space back. Compaction
    /// goes on by itself; this is for measuring, and for before a backup.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn compact(&self) -> Result<()> {
        self.shared.db.compact()
    }

    /// Writes changes to tables: all of them, durably, or none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn commit(&self, batch: TableBatch) -> Result<()> {
        if batch.is_empty() { Ok(()) } else { tables::commit(&self.shared, batch) }
    }

    /// One record of a table.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        tables::get(&self.shared, table, key)
    }

    /// Up to `limit` records of a table whose key begins with `prefix`, in key order; with `after`,
    /// only those strictly beyond it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Record>> {
        tables::scan(&self.shared, table, prefix, after, order, limit)
    }

    /// What the store holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let queue =
            self.messages.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        Stats {
            streams: self.shared.catalog.read().len() as u64,
            head_bytes: self.shared.head.size_bytes() as u64,
            disk_bytes: self.shared.db.file_bytes(),
            cache_bytes: self.shared.head.cache_bytes() as u64,
            append_queue: queue as u64,
            damaged_blocks: self.shared.damage.count(),
            appends: self.shared.groups.appends.load(Ordering::Relaxed),
            journal_writes: self.shared.groups.writes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn find_stream(&self, stream: &StreamRef<'_>) -> (Option<StreamId>, usize) {
        let catalog = self.shared.catalog.read();
        (catalog.get(stream), catalog.len())
    }
}

impl Drop for Store {
    /// Lets the writer finish what is waiting, then closes the database.
    fn drop(&mut self) {
        self.messages = None;
        let ended = self.writer.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) {
            tracing::error!("the writer ended in a panic");
        }
    }
}
