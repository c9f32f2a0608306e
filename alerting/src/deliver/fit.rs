//! Makes a message fit what its receiver takes: what can be missed goes first, evidence last. What goes
//! wrong, where, since when and how bad stays.

use crate::page::Links;
use crate::records::delivery::Delivery;
use crate::trend::Trend;

/// Characters of a name or address that a message keeps when it is too long.
const PAGE_NAME_CHARS_MAX: usize = 200;

/// What can be left out, one after another.
const PARTS: [fn(&mut Delivery); 7] = [
    |it| it.page.contacts.clear(),
    |it| it.page.steps.clear(),
    |it| {
        let named = it.page.which.len().saturating_sub(1);
        it.page.which.truncate(1);
        it.page.which_more += u32::try_from(named).unwrap_or(u32::MAX);
    },
    |it| {
        it.page.links = Links::default();
        shorten(&mut it.alert.owner);
        shorten(&mut it.alert.runbook);
    },
    |it| it.page.examples.clear(),
    |it| it.page.trend = Trend::default(),
    |it| shorten(&mut it.alert.symptom),
];

/// What `build` makes of a delivery, or of as much of it as makes that fit.
pub(super) fn fitting(
    delivery: &Delivery,
    build: impl Fn(&Delivery) -> String,
    fits: impl Fn(&str) -> bool,
) -> String {
    let mut built = build(delivery);
    if fits(&built) {
        return built;
    }
    let mut less = delivery.clone();
    for leave_out in PARTS {
        leave_out(&mut less);
        built = build(&less);
        if fits(&built) {
            break;
        }
    }
    let bytes = built.len();
    tracing::warn!(alert = delivery.alert.id, bytes, "a message was too long and leaves shorter");
    built
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(PAGE_NAME_CHARS_MAX) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests;
