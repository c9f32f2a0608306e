//! Failover: while a receiver is down, what waits for it is sent to another receiver as well. The
//! resolve goes to both.

use std::collections::{BTreeMap, HashSet};

use plimsoll_storage::TableBatch;

use super::thread::{self, ThreadNotes};
use crate::deliver::context::DeliveryContext;
use crate::deliver::schedule::queue::Thread;
use crate::error::Result;
use crate::limits::OUTCOMES_PER_COMMIT_MAX;
use crate::records::delivery::Delivery;
use crate::records::outbox;
use crate::rule::Receiver;

/// Copies what waits for the receiver `from`, and was not handed over before, to the receiver `to`.
/// Threads with a send in flight are left for the next time.
pub(super) fn hand_over(
    context: &DeliveryContext,
    from: &str,
    to: &str,
    sending: &HashSet<Thread>,
) -> Result<()> {
    let Some(fingerprint) = context.receiver(to).map(Receiver::fingerprint) else { return Ok(()) };
    let mut waiting = Vec::new();
    outbox::for_each(&context.store, &outbox::lane_prefix(from), |(key, value)| {
        let is_wanted = |delivery: &Delivery| {
            // A receiver that is notified of the alert anyway needs no second message.
            let is_notified =
                delivery.alert.notify.receivers.iter().any(|other| other.receiver == to);
            delivery.handed_to.is_none() && !is_notified
        };
        let thread = outbox::thread_of(&key).to_vec();
        if waiting.len() < OUTCOMES_PER_COMMIT_MAX && !sending.contains(&thread) {
            let delivery = outbox::decode(&value).ok().filter(is_wanted);
            waiting.extend(delivery.map(|delivery| (thread, delivery)));
        }
    })?;
    let mut batch = TableBatch::default();
    let mut known: BTreeMap<Thread, ThreadNotes> = BTreeMap::new();
    for (thread, mut delivery) in waiting {
        let mut notes = match known.get(&thread) {
            Some(notes) => notes.clone(),
            None => thread::read(&context.store, &thread)?,
        };
        if delivery.action.begins() {
            notes.handed_to = Some((to.to_owned(), fingerprint.clone()));
        }
        // Later actions matter only to a receiver that got the trigger.
        if notes.handed_to.is_some() {
            outbox::put(&mut batch, &delivery.for_other(to.to_owned(), fingerprint.clone()));
            delivery.handed_to = Some(to.to_owned());
            outbox::put(&mut batch, &delivery);
            thread::write(&mut batch, &thread, &notes);
            known.insert(thread, notes);
        }
    }
    Ok(context.store.commit(batch)?)
}
