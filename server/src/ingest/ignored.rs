//! Fields of a push that were not used: each name is listed once, with the field that was probably meant.

use std::collections::BTreeMap;

use plimsoll_storage::{IdName, TimestampMs};

use super::field::token;
use crate::error::IgnoredField;
use crate::wire::push::Place;
use crate::wire::push::item::{ItemKind, Pairs, RawItem};
use crate::wire::push::likely::likely;
use crate::wire::push::tolerant::Nested;
use crate::wire::time;

/// Names that are listed, so that an answer stays bounded.
const LISTED_MAX: usize = 20;
/// The lists of a body.
const LISTS: &[&str] = &["events", "summaries", "gauges"];

/// The ignored fields of a request.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    /// By kind of item and pointer within the item; no kind is the body itself.
    listed: BTreeMap<(Option<ItemKind>, String), IgnoredField>,
}

impl Ignored {
    /// Notes the fields of an item that have no meaning. Nearly no item has any.
    pub(super) fn note_item(&mut self, place: Place, kind: ItemKind, item: &RawItem<'_>) {
        for name in item.remarks.unknown() {
            self.add(place, kind, "", name, || {
                let problem = "is no field of this item and was ignored";
                sentence(problem, likely(name, &RawItem::fields_of(kind)))
            });
        }
        for name in item.misplaced(kind) {
            self.add(place, kind, "", name, || {
                let problem = format!("is no field of {} and was ignored", kind.with_article());
                sentence(&problem, likely(name, &RawItem::fields_of(kind)))
            });
        }
        self.note_ids(place, kind, item);
        let Nested::Is(histogram) = &item.latency else { return };
        // Those that stand for a field that has a meaning are errors of the item.
        for name in histogram.remarks.unknown() {
            self.add(place, kind, "/latency", name, || sentence(NO_PART, None));
        }
        for (field, buckets) in histogram.buckets() {
            for name in buckets.remarks.unknown() {
                self.add(place, kind, field, name, || sentence(NO_PART, None));
            }
        }
        for name in histogram.not_stored() {
            let detail = "is not stored: the buckets give the bounds of every answer";
            self.add(place, kind, "/latency", name, || detail.to_owned());
        }
    }

    /// Notes ids that look like those that can be queried. Others are the client's own.
    fn note_ids(&mut self, place: Place, kind: ItemKind, item: &RawItem<'_>) {
        let Nested::Is(Pairs(ids)) = &item.ids else { return };
        for (name, _) in ids.iter().filter(|(name, _)| IdName::parse(name).is_none()) {
            if let Some(likely) = likely(name, &IdName::ALL.map(IdName::as_str)) {
                self.add(place, kind, "/ids", name, || {
                    sentence("cannot be queried and was ignored", Some(likely))
                });
            }
        }
    }

    /// Notes a summary that begins within a slot.
    pub(super) fn note_start(&mut self, place: Place, start: TimestampMs, from: TimestampMs) {
        self.add(place, ItemKind::Summary, "", "start", || {
            let (start, from) = (time::format(start), time::format(from));
            format!(
                "{start} is within a slot; the summary counts from the start of the slot on, {from}"
            )
        });
    }

    /// Notes a field of the body that is not one of its lists.
    pub(super) fn note_list(&mut self, name: &str) {
        let detail = || sentence("is no list of a push and was ignored", likely(name, LISTS));
        self.count(None, token(name), None, detail);
    }

    pub(super) fn into_list(self) -> Vec<IgnoredField> {
        let mut listed: Vec<IgnoredField> = self.listed.into_values().collect();
        listed.sort_by(|a, b| (a.line, &a.pointer).cmp(&(b.line, &b.pointer)));
        listed
    }

    fn add(
        &mut self,
        place: Place,
        kind: ItemKind,
        within: &str,
        name: &str,
        detail: impl FnOnce() -> String,
    ) {
        self.count(Some((place, kind)), format!("{within}{}", token(name)), place.line(), detail);
    }

    fn count(
        &mut self,
        item: Option<(Place, ItemKind)>,
        field: String,
        line: Option<usize>,
        detail: impl FnOnce() -> String,
    ) {
        let is_full = self.listed.len() >= LISTED_MAX;
        let key = (item.map(|(_, kind)| kind), field);
        if let Some(listed) = self.listed.get_mut(&key) {
            listed.count += 1;
        } else if !is_full {
            let place = item.map(|(place, _)| place.to_string()).unwrap_or_default();
            let pointer = format!("{place}{}", key.1);
            let ignored = IgnoredField { pointer, line, detail: detail(), count: 1 };
            self.listed.insert(key, ignored);
        }
    }
}

const NO_PART: &str = "is no part of a histogram and was ignored";

fn sentence(problem: &str, likely: Option<&str>) -> String {
    match likely {
        Some(likely) => format!("{problem}; did you mean `{likely}`?"),
        None => problem.to_owned(),
    }
}
