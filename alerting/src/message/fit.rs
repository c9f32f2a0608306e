//! Shortens messages to the limit of their receiver: optional parts are left out first, evidence last. The
//! symptom, the group, the time and the severity stay.

use crate::records::delivery::Delivery;
use crate::text::content::{Content, Links, Trend};

/// Characters of a name or address that a message keeps when it is too long.
const NAME_CHARS_MAX: usize = 200;

/// The parts that can be left out, in this order.
const PARTS: [fn(&mut Delivery); 7] = [
    |it| {
        it.content.contacts.clear();
        it.content.notified.clear();
        it.content.rule_labels.clear();
    },
    |it| it.content.steps.clear(),
    |it| {
        let left_out = it.content.which.len().saturating_sub(1);
        it.content.which.truncate(1);
        it.content.which_more += u32::try_from(left_out).unwrap_or(u32::MAX);
    },
    |it| {
        it.content.links = Links::default();
        shorten(&mut it.alert.owner);
        shorten(&mut it.alert.runbook);
    },
    |it| it.content.exemplars.clear(),
    |it| it.content.trend = Trend::default(),
    |it| {
        let Content { headline, what, how_bad, ended, .. } = &mut it.content;
        let symptom = &mut it.alert.symptom;
        [headline, what, how_bad, ended, symptom].into_iter().for_each(shorten);
        it.content.place.clear();
    },
];

/// The result of `build` for a delivery with as many of its parts as fit.
pub(crate) fn fitting<T>(
    delivery: &Delivery,
    build: impl Fn(&Delivery) -> T,
    fits: impl Fn(&T) -> bool,
) -> T {
    let mut built = build(delivery);
    if fits(&built) {
        return built;
    }
    let mut shortened = delivery.clone();
    for leave_out in PARTS {
        leave_out(&mut shortened);
        built = build(&shortened);
        if fits(&built) {
            break;
        }
    }
    tracing::warn!(alert = delivery.alert.id, "a message was too long and was shortened");
    built
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(NAME_CHARS_MAX) {
        text.truncate(end);
    }
}
