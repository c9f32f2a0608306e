//! While a receiver is down, another takes its place: what waits is told to the other as well, and so
//! is its end, whichever of the two is well by then.

use std::collections::{BTreeMap, HashSet};

use plimsoll_storage::TableBatch;

use super::courier::Courier;
use super::queue::Thread;
use super::thread::{self, Notes};
use crate::error::Result;
use crate::limits::SETTLED_PER_COMMIT_MAX;
use crate::records::delivery::Delivery;
use crate::records::outbox;

/// Copies what waits for the courier's receiver, and was not handed over before, to another one.
/// Threads whose send is under way are left for the next time.
pub(super) fn hand_over(courier: &Courier, to: &str, sending: &HashSet<Thread>) -> Result<()> {
    let Some(fingerprint) = courier.post.fingerprint(to) else { return Ok(()) };
    let mut waiting = Vec::new();
    let prefix = outbox::lane_prefix(&courier.receiver.name);
    outbox::for_each(&courier.post.store, &prefix, |(key, value)| {
        let is_open_to_it = |delivery: &Delivery| {
            // One that is told of the alert anyway needs no second message.
            let is_told = delivery.alert.receivers.iter().any(|told| told.receiver == to);
            delivery.handed_to.is_none() && !is_told
        };
        let thread = outbox::thread_of(&key).to_vec();
        if waiting.len() < SETTLED_PER_COMMIT_MAX && !sending.contains(&thread) {
            let delivery = outbox::decode(&value).ok().filter(is_open_to_it);
            waiting.extend(delivery.map(|delivery| (thread, delivery)));
        }
    })?;
    let mut batch = TableBatch::default();
    let mut known: BTreeMap<Thread, Notes> = BTreeMap::new();
    for (thread, mut delivery) in waiting {
        let mut notes = match known.get(&thread) {
            Some(notes) => notes.clone(),
            None => thread::read(&courier.post.store, &thread)?,
        };
        if delivery.action.begins() {
            notes.handed_to = Some((to.to_owned(), fingerprint.clone()));
        }
        // What follows is news only to who heard of the beginning.
        if notes.handed_to.is_some() {
            outbox::put(&mut batch, &delivery.for_other(to.to_owned(), fingerprint.clone()));
            delivery.handed_to = Some(to.to_owned());
            outbox::put(&mut batch, &delivery);
            thread::write(&mut batch, &thread, &notes);
            known.insert(thread, notes);
        }
    }
    Ok(courier.post.store.commit(batch)?)
}
