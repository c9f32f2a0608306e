//! Access for fuzz targets to readers that are private otherwise. Only built for fuzzing. Damaged bytes must
//! give an error, never a panic.

use crate::deliver;
use crate::records::alerts::Alert;
use crate::records::outbox;
use crate::records::row;
use crate::records::silence::Silence;
use crate::report::Incident;

/// Decodes stored rows: an alert, a delivery, a silence.
pub fn records(bytes: &[u8]) {
    let _ = row::decode::<Alert>("alert", bytes);
    let _ = outbox::decode(bytes);
    let _ = Silence::read(b"id", bytes);
}

/// Reads the body of a PagerDuty webhook.
pub fn webhook(body: &[u8]) {
    deliver::fuzz_webhook(body);
}

/// Reads a list of incidents.
pub fn incidents(json: &[u8]) {
    let _ = Incident::read_list(json);
}
