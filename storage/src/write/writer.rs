//! The one writer: takes the appends that are waiting, writes them to the journal with one fsync,
//! puts them into the head and answers.
//!
//! It is the only thread that gives out stream numbers and sequence numbers and the only one that
//! adds to the head, so order needs no further thought: what is in the head is on disk, and a
//! generation is frozen between two groups.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc as sync_mpsc};

use rocksdb::WriteBatch;
use tokio::sync::{mpsc, oneshot};

use crate::db::key::{self, ExemplarKey};
use crate::db::schema::Family;
use crate::error::{Error, Result};
use crate::limits::{GROUP_BYTES_MAX, GROUP_REQUESTS_MAX, IDEMPOTENCY_KEPT_MS, STREAMS_MAX};
use crate::memory::head::Generation;
use crate::model::stream::{StreamId, StreamKey};
use crate::model::time::{Slot, TimestampMs};
use crate::read::exemplars;
use crate::store::Shared;
use crate::write::batch::{Batch, BatchCell, BatchStream};
use crate::write::feed::{Tap, Taps};
use crate::write::journal;

/// The answer to an append that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many items the request had when its key was first seen.
    pub items: u64,
    /// Whether the key was seen before; then nothing was counted again.
    pub duplicate: bool,
}

type Reply = oneshot::Sender<Result<Appended>>;

/// An append on its way to the writer.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) batch: Batch,
    pub(crate) idempotency_key: Option<Vec<u8>>,
    pub(crate) items: u64,
    pub(crate) received_at: TimestampMs,
    pub(crate) reply: Reply,
}

/// What the writer is asked for.
#[derive(Debug)]
pub(crate) enum Message {
    Append(Box<Append>),
    /// Freeze the active generation and answer. A feed begins with the next one.
    Freeze {
        tap: Option<Tap>,
        reply: sync_mpsc::Sender<()>,
    },
}

/// How many appends have shared how many journal writes.
#[derive(Debug, Default)]
pub(crate) struct GroupCounts {
    pub(crate) appends: AtomicU64,
    /// Their bytes in the journal.
    pub(crate) bytes: AtomicU64,
    pub(crate) writes: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    active: Arc<Generation>,
    next_sequence: u64,
    taps: Taps,
}

/// A group of appends while it is being written.
#[derive(Default)]
struct Group {
    write: WriteBatch,
    /// Appends of this write with the numbers of their streams.
    members: Vec<(Append, Vec<StreamId>)>,
    /// Appends whose key is that of a member: they are duplicates once the write succeeds.
    followers: Vec<(Reply, u64)>,
    keys: HashMap<Vec<u8>, u64>,
    /// Streams that this write introduces, in the order of their numbers.
    new_streams: Vec<StreamKey>,
    new_numbers: HashMap<StreamKey, StreamId>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, next_sequence: u64) -> Self {
        let active = shared.head.active();
        Self { shared, active, next_sequence, taps: Taps::default() }
    }

    /// Serves messages until every sender is gone.
    pub(crate) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(first) = messages.blocking_recv() {
            let mut waiting = Some(first);
            let mut group = Vec::new();
            let mut bytes = 0;
            let mut freeze = None;
            while let Some(message) = waiting.take() {
                match message {
                    Message::Append(append) => {
                        bytes += append.batch.write_bytes();
                        group.push(*append);
                    }
                    Message::Freeze { tap, reply } => {
                        freeze = Some((tap, reply));
                        break;
                    }
                }
                if group.len() < GROUP_REQUESTS_MAX && bytes < GROUP_BYTES_MAX {
                    waiting = messages.try_recv().ok();
                }
            }
            self.commit(group);
            if let Some((tap, reply)) = freeze {
                self.active = self.shared.head.freeze(self.next_sequence - 1);
                tap.into_iter().for_each(|tap| self.taps.add(tap));
                // Whoever asked may have given up; the freeze holds all the same.
                let _ = reply.send(());
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
        match self.shared.db.write(std::mem::take(&mut group.write)) {
            Ok(()) => self.publish(group),
            Err(error) => refuse(group, &error),
        }
    }

    /// Puts an append into the group's write, or answers it when its key was seen before.
    fn stage(&self, append: Append, group: &mut Group) {
        if let Some(key) = &append.idempotency_key {
            if let Some(items) = group.keys.get(key) {
                group.followers.push((append.reply, *items));
                return;
            }
            match self.seen_before(key, append.received_at) {
                Ok(None) => {}
                Ok(Some(items)) => {
                    return answer(append.reply, Ok(Appended { items, duplicate: true }));
                }
                Err(error) => return answer(append.reply, Err(error)),
            }
        }
        let ids = match self.number_streams(&append.batch.streams, group) {
            Ok(ids) => ids,
            Err(error) => return answer(append.reply, Err(error)),
        };
        let sequence = self.next_sequence + group.members.len() as u64;
        let record = journal::encode_record(&ids, &append.batch.encoded);
        let db = &self.shared.db;
        group.write.put_cf(db.family(Family::Journal), sequence.to_be_bytes(), record);
        for it in &append.batch.exemplars {
            let Some(stream) = ids.get(it.stream as usize).copied() else { continue };
            let (kind, slot) = (it.kind, it.slot);
            let day = exemplars::day_of(slot, self.shared.slot_width);
            let key = ExemplarKey { kind, day, stream, slot }.encode();
            group.write.merge_cf(db.family(Family::Exemplars), key, &it.encoded);
        }
        if let Some(key) = &append.idempotency_key {
            let expires_at = append.received_at.plus_ms(IDEMPOTENCY_KEPT_MS);
            let value = [expires_at.0.to_be_bytes(), append.items.to_be_bytes()].concat();
            group.write.put_cf(db.family(Family::Idempotency), key, value);
            group.keys.insert(key.clone(), append.items);
        }
        group.members.push((append, ids));
    }

    /// How many items the request with this key had, if it was seen and has not expired.
    fn seen_before(&self, key: &[u8], now: TimestampMs) -> Result<Option<u64>> {
        let Some(value) = self.shared.db.get(Family::Idempotency, key)? else { return Ok(None) };
        let parsed = value
            .split_at_checked(8)
            .and_then(|(expires_at, items)| Some((key::i64_of(expires_at)?, key::u64_of(items)?)));
        let (expires_at, items) = parsed.ok_or_else(|| {
            Error::corrupt("an idempotency record", format!("{} bytes instead of 16", value.len()))
        })?;
        Ok((expires_at > now.0).then_some(items))
    }

    /// The numbers of a batch's streams. Streams that another append of this group, or one since
    /// the batch was built, has introduced are found; the rest get the next numbers.
    fn number_streams(&self, streams: &[BatchStream], group: &mut Group) -> Result<Vec<StreamId>> {
        let catalog = self.shared.catalog.read();
        let introduced = group.new_streams.len();
        let ids = streams.iter().map(|stream| match stream {
            BatchStream::Known(id) => *id,
            BatchStream::New(key) => match catalog.get(&key.as_ref()) {
                Some(id) => id,
                None => *group.new_numbers.entry(key.clone()).or_insert_with(|| {
                    group.new_streams.push(key.clone());
                    StreamId((catalog.len() + group.new_streams.len() - 1) as u32)
                }),
            },
        });
        let ids: Vec<StreamId> = ids.collect();
        if catalog.len() + group.new_streams.len() > STREAMS_MAX {
            for key in group.new_streams.drain(introduced..) {
                group.new_numbers.remove(&key);
            }
            return Err(Error::StreamLimit { limit: STREAMS_MAX });
        }
        let family = self.shared.db.family(Family::Streams);
        for (offset, key) in group.new_streams.iter().enumerate().skip(introduced) {
            let id = (catalog.len() + offset) as u32;
            group.write.put_cf(family, id.to_be_bytes(), crate::open::encode_stream(key));
        }
        Ok(ids)
    }

    /// The write is durable: makes it visible and answers.
    fn publish(&mut self, group: Group) {
        if !group.new_streams.is_empty() {
            let mut catalog = self.shared.catalog.write();
            for key in &group.new_streams {
                let id = StreamId(catalog.len() as u32);
                catalog.insert(id, &key.as_ref());
            }
        }
        let appends = group.members.len() as u64;
        self.next_sequence += appends;
        self.shared.groups.appends.fetch_add(appends, Ordering::Relaxed);
        self.shared.groups.writes.fetch_add(1, Ordering::Relaxed);
        for (append, ids) in group.members {
            let Batch { cells, encoded, .. } = append.batch;
            self.active.note_append(append.received_at, encoded.len());
            self.shared.groups.bytes.fetch_add(encoded.len() as u64, Ordering::Relaxed);
            self.add_to_head(cells, &ids);
            self.taps.publish(ids, encoded);
            self.shared.clock.fetch_max(append.received_at.0, Ordering::Relaxed);
            answer(append.reply, Ok(Appended { items: append.items, duplicate: false }));
        }
        for (reply, items) in group.followers {
            answer(reply, Ok(Appended { items, duplicate: true }));
        }
    }

    fn add_to_head(&self, cells: Vec<BatchCell>, ids: &[StreamId]) {
        let catalog = self.shared.catalog.read();
        let mut newest = Slot(0);
        for cell in cells {
            let Some(id) = ids.get(cell.stream as usize) else { continue };
            newest = newest.max(cell.slot);
            if let Some(at) = cell.value.last_at() {
                catalog.saw(*id, at);
            }
            self.active.add(*id, cell.slot, cell.value);
        }
        self.shared.saw_slot(newest);
    }
}

/// The write failed: nothing of the group is stored, and everyone is told.
fn refuse(group: Group, error: &rocksdb::Error) {
    tracing::error!(%error, requests = group.members.len(), "the journal cannot be written");
    let members = group.members.into_iter().map(|(append, _)| append.reply);
    for reply in members.chain(group.followers.into_iter().map(|(reply, _)| reply)) {
        answer(reply, Err(error.clone().into()));
    }
}

fn answer(reply: Reply, result: Result<Appended>) {
    // Whoever asked may have gone; the append holds all the same.
    let _ = reply.send(result);
}
