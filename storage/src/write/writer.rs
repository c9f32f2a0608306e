//! The one writer: takes the appends that are waiting, writes them to the journal with one fsync, adds them
//! to the head and answers.
//!
//! It is the only thread that assigns stream ids and sequence numbers, and the only one that adds to the
//! head. So whatever is in the head is on disk, and a generation is frozen between two groups.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc as sync_mpsc};

use tokio::sync::{mpsc, oneshot};

use super::batch::{Batch, BatchStep, BatchStream};
use super::feed::{Tap, Taps};
use super::forget::forget;
use super::idempotency::{IdempotencyKey, Remembered};
use super::journal::{self, BatchCell};
use crate::catalog::{SentTimes, encode_stream};
use crate::db::{Database, ExemplarKey, Family, WriteBatch};
use crate::error::{Error, Result};
use crate::limits::{GROUP_BYTES_MAX, GROUP_REQUESTS_MAX};
use crate::memory::Generation;
use crate::model::stream::{StreamId, StreamKey};
use crate::model::time::{Slot, TimestampMs};
use crate::shared::Shared;

/// The acknowledgement of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many items the request had when its idempotency key was first seen.
    pub items: u64,
    /// Whether the key was seen before. Then nothing was counted again.
    pub duplicate: bool,
}

type Reply = oneshot::Sender<Result<Appended>>;

/// An append on its way to the writer.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) batch: Batch,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) items: u64,
    pub(crate) received_at: TimestampMs,
    pub(crate) reply: Reply,
}

/// A message to the writer.
#[derive(Debug)]
pub(crate) enum Message {
    Append(Box<Append>),
    /// Freeze the active generation and answer. A feed with `tap` begins with the next one.
    Freeze {
        tap: Option<Tap>,
        reply: sync_mpsc::Sender<()>,
    },
    /// Forget streams without a cell from a slot on, and answer how many.
    Forget {
        before: Slot,
        reply: sync_mpsc::Sender<Result<usize>>,
    },
}

/// The state of the writer's thread.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    active: Arc<Generation>,
    next_sequence: u64,
    taps: Taps,
    /// Streams whose definitions on disk have a longer step than they report in.
    shortened: Vec<StreamId>,
}

/// A group of appends while it is being written.
#[derive(Default)]
struct Group {
    write: WriteBatch,
    /// Appends of this write with the ids of their streams.
    members: Vec<(Append, Vec<StreamId>)>,
    /// Appends with the key of a member, and their answers once the write succeeds.
    repeated: Vec<(Reply, Result<Appended>)>,
    keys: HashMap<Vec<u8>, Remembered>,
    /// Streams that this write introduces, in the order of their ids.
    new_streams: Vec<StreamKey>,
    new_ids: HashMap<StreamKey, StreamId>,
}

impl Writer {
    /// A writer whose next append gets the sequence number `next_sequence`.
    pub(super) fn new(shared: Arc<Shared>, next_sequence: u64) -> Self {
        let active = shared.head.active();
        Self { shared, active, next_sequence, taps: Taps::default(), shortened: Vec::new() }
    }

    /// Serves messages until every sender is dropped.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(first) = messages.blocking_recv() {
            let mut waiting = Some(first);
            let mut group = Vec::new();
            let mut bytes = 0;
            let mut last = None;
            while let Some(message) = waiting.take() {
                match message {
                    Message::Append(append) => {
                        bytes += append.batch.write_bytes();
                        group.push(*append);
                    }
                    other => {
                        last = Some(other);
                        break;
                    }
                }
                if group.len() < GROUP_REQUESTS_MAX && bytes < GROUP_BYTES_MAX {
                    waiting = messages.try_recv().ok();
                }
            }
            self.commit(group);
            match last {
                Some(Message::Freeze { tap, reply }) => {
                    self.active = self.shared.head.freeze(self.next_sequence - 1);
                    tap.into_iter().for_each(|tap| self.taps.add(tap));
                    // The caller may be gone; the generation is frozen nevertheless.
                    let _ = reply.send(());
                }
                Some(Message::Forget { before, reply }) => {
                    let _ = reply.send(forget(&self.shared, before));
                }
                Some(Message::Append(_)) | None => {}
            }
        }
    }

    fn commit(&mut self, appends: Vec<Append>) {
        let mut group = Group::default();
        for append in appends {
            self.stage(append, &mut group);
        }
        if group.members.is_empty() {
            return;
        }
        self.define_shortened(&mut group.write);
        match self.shared.db.write(std::mem::take(&mut group.write)) {
            Ok(()) => self.publish(group),
            Err(error) => fail(group, &error),
        }
    }

    /// Puts an append into the group's write, or answers it when its key was seen before.
    fn stage(&self, append: Append, group: &mut Group) {
        if let Some(key) = &append.idempotency_key {
            if let Some(member) = group.keys.get(&key.key) {
                group.repeated.push((append.reply, member.answer(key)));
                return;
            }
            match seen_before(&self.shared.db, &key.key, append.received_at) {
                Ok(None) => {}
                Ok(Some(earlier)) => return answer(append.reply, earlier.answer(key)),
                Err(error) => return answer(append.reply, Err(error)),
            }
        }
        let ids = match self.stream_ids(&append.batch.streams, group) {
            Ok(ids) => ids,
            Err(error) => return answer(append.reply, Err(error)),
        };
        self.define_steps(&append.batch, &ids, &mut group.write);
        let sequence = self.next_sequence + group.members.len() as u64;
        let record = journal::encode_record(&ids, &append.batch.encoded);
        let Shared { db, timeline, .. } = &*self.shared;
        group.write.put(db, Family::Journal, sequence.to_be_bytes(), record);
        for it in &append.batch.exemplars {
            let Some(stream) = ids.get(it.stream as usize).copied() else { continue };
            let (kind, slot) = (it.kind, it.slot);
            let key = ExemplarKey { kind, day: timeline.day_of(slot), stream, slot };
            group.write.merge(db, Family::Exemplars, key.encode(), &it.encoded);
        }
        if let Some(key) = &append.idempotency_key {
            let remembered = Remembered { items: append.items, digest: Some(key.digest) };
            let record = remembered.encode(append.received_at);
            group.write.put(db, Family::Idempotency, &key.key, record);
            group.keys.insert(key.key.clone(), remembered);
        }
        group.members.push((append, ids));
    }

    /// The ids of a batch's streams. New streams may have been introduced since the batch was built, also by
    /// another append of this group; those that were not get the next ids.
    ///
    /// # Errors
    /// [`Error::Busy`] when a stream was forgotten since the batch was built.
    fn stream_ids(&self, streams: &[BatchStream], group: &mut Group) -> Result<Vec<StreamId>> {
        let catalog = self.shared.catalog.read();
        let is_forgotten = |stream: &BatchStream| match stream {
            BatchStream::Known(id) => !catalog.contains(*id),
            BatchStream::New(_) => false,
        };
        if streams.iter().any(is_forgotten) {
            return Err(Error::Busy { reason: "a stream was forgotten and comes back" });
        }
        let next = catalog.next_id().0;
        let ids = streams.iter().map(|stream| match stream {
            BatchStream::Known(id) => *id,
            BatchStream::New(key) => match catalog.get(&key.as_ref()) {
                Some(id) => id,
                None => *group.new_ids.entry(key.clone()).or_insert_with(|| {
                    let id = StreamId(next.saturating_add(group.new_streams.len() as u32));
                    let (db, place) = (&self.shared.db, id.0.to_be_bytes());
                    group.write.put(db, Family::Streams, place, encode_stream(key, 1));
                    group.write.put(db, Family::LastSeen, place, SentTimes::NONE.encode());
                    group.new_streams.push(key.clone());
                    id
                }),
            },
        });
        Ok(ids.collect())
    }

    /// The group is durable: makes it visible and answers.
    fn publish(&mut self, group: Group) {
        if !group.new_streams.is_empty() {
            let mut catalog = self.shared.catalog.write();
            for key in &group.new_streams {
                let id = catalog.next_id();
                catalog.insert(id, &key.as_ref());
            }
        }
        let appends = group.members.len() as u64;
        self.next_sequence += appends;
        self.shared.counts.appends.fetch_add(appends, Ordering::Relaxed);
        self.shared.counts.writes.fetch_add(1, Ordering::Relaxed);
        for (append, ids) in group.members {
            let Batch { cells, steps, encoded, .. } = append.batch;
            self.note_steps(&steps, &ids);
            self.active.note_append(append.received_at, encoded.len());
            self.shared.counts.bytes.fetch_add(encoded.len() as u64, Ordering::Relaxed);
            self.add_to_head(cells, &ids);
            self.taps.publish(ids, encoded);
            self.shared.timeline.saw_time(append.received_at);
            answer(append.reply, Ok(Appended { items: append.items, duplicate: false }));
        }
        for (reply, result) in group.repeated {
            answer(reply, result);
        }
    }

    fn add_to_head(&mut self, cells: Vec<BatchCell>, ids: &[StreamId]) {
        let catalog = self.shared.catalog.read();
        let has_long_steps = catalog.has_long_steps();
        let mut shortened = Vec::new();
        let mut newest = Slot(0);
        for cell in cells {
            let Some(id) = ids.get(cell.stream as usize) else { continue };
            newest = newest.max(cell.slot);
            if let Some(at) = cell.value.last_at() {
                catalog.saw(*id, at);
            }
            catalog.saw_slot(*id, cell.slot);
            if has_long_steps && catalog.is_step_over(*id, cell.slot) {
                shortened.push((*id, cell.slot));
            }
            self.active.add(*id, cell.slot, cell.value);
        }
        self.shared.timeline.saw_slot(newest);
        drop(catalog);
        for (id, slot) in shortened {
            if self.shared.catalog.write().note_step(id, 1, slot) {
                self.shortened.push(id);
                self.shared.step_changes.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Writes the definitions of the streams of a batch that report longer steps than is known of them.
    fn define_steps(&self, batch: &Batch, ids: &[StreamId], write: &mut WriteBatch) {
        for step in &batch.steps {
            let Some(id) = ids.get(step.stream as usize).copied() else { continue };
            let catalog = self.shared.catalog.read();
            if step.slots <= catalog.step_slots(id) && !catalog.is_step_over(id, step.until) {
                continue;
            }
            let key = match batch.streams.get(step.stream as usize) {
                Some(BatchStream::New(key)) => Some(key.clone()),
                _ => catalog.key(id),
            };
            if let Some(key) = key {
                let definition = encode_stream(&key, step.slots);
                write.put(&self.shared.db, Family::Streams, id.0.to_be_bytes(), definition);
            }
        }
    }

    /// Writes the definitions of streams that have gone back to single slots.
    fn define_shortened(&mut self, write: &mut WriteBatch) {
        for id in std::mem::take(&mut self.shortened) {
            let catalog = self.shared.catalog.read();
            if let Some(key) = catalog.key(id) {
                let definition = encode_stream(&key, catalog.step_slots(id));
                write.put(&self.shared.db, Family::Streams, id.0.to_be_bytes(), definition);
            }
        }
    }

    fn note_steps(&self, steps: &[BatchStep], ids: &[StreamId]) {
        for step in steps {
            let Some(id) = ids.get(step.stream as usize) else { continue };
            if self.shared.catalog.write().note_step(*id, step.slots, step.until) {
                self.shared.step_changes.fetch_add(1, Ordering::Release);
            }
        }
    }
}

/// The append with this key, if the key was seen and has not expired.
fn seen_before(db: &Database, key: &[u8], now: TimestampMs) -> Result<Option<Remembered>> {
    let record = db.get_for_write(Family::Idempotency, key)?;
    record.map_or(Ok(None), |record| Remembered::decode(&record, now))
}

/// How many items counted with a request, if its key was seen and has not expired.
///
/// # Errors
/// [`Error::KeyReused`] if another request counted under the key, or the database cannot be read.
pub(crate) fn counted(
    db: &Database,
    request: &IdempotencyKey,
    now: TimestampMs,
) -> Result<Option<u64>> {
    let seen = seen_before(db, &request.key, now)?;
    seen.map(|remembered| remembered.answer(request).map(|appended| appended.items)).transpose()
}

/// The write failed: nothing of the group is stored, and every append gets the error.
fn fail(group: Group, error: &Error) {
    // The store has logged the failure since which nothing is written.
    if !matches!(error, Error::NotWritable { .. }) {
        tracing::error!(%error, requests = group.members.len(), "the journal cannot be written");
    }
    let members = group.members.into_iter().map(|(append, _)| append.reply);
    for reply in members.chain(group.repeated.into_iter().map(|(reply, _)| reply)) {
        answer(reply, Err(error.again()));
    }
}

fn answer(reply: Reply, result: Result<Appended>) {
    // The caller may be gone; the append is stored nevertheless.
    let _ = reply.send(result);
}
