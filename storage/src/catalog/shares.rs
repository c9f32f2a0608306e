//! Which new streams are taken, so that no client can use up the streams that a database may have.
//!
//! Half of the streams is guaranteed: every partner may have [`GUARANTEED_STREAMS`] of them, and there are
//! only as many partners as that half is enough for. Partners that the rules file names may be among the last
//! tenth of these partners; others may not.
//!
//! The other half is shared. A partner may have, beyond what is guaranteed, a ninth of what is still free of
//! it. So one partner that makes streams without end stops at a tenth of the shared half, and `n` such
//! partners stop while `9 / (9 + n)` of it is free: there is always room for a partner with fewer streams.

use std::time::{Duration, Instant};

use crate::error::{MostValues, StreamLimit};
use crate::limits::GUARANTEED_STREAMS;

/// A partner may have one in so many free streams of the shared half.
const FREE_PER_STREAM: usize = 9;
/// One in so many partners must be named in the rules file.
const PARTNERS_PER_NAMED: usize = 10;
/// Once half of the partners exist, one in so many is taken in each [`PERIOD`]. So a flood of partners cannot
/// take all places at once.
const PARTNERS_PER_NEW: usize = 100;
/// How long new partners are counted before the count begins again.
const PERIOD: Duration = Duration::from_secs(3600);

/// How many streams a database may have, and how partners share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Streams in all.
    pub(crate) streams_max: usize,
}

/// A new stream, and what there is already, with the streams that are not written yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand<'a> {
    pub(crate) partner: &'a str,
    pub(crate) name: &'a str,
    /// Streams of the partner.
    pub(crate) of_partner: usize,
    /// Streams of the name.
    pub(crate) of_name: usize,
    /// Streams beyond what is guaranteed, of all partners.
    pub(crate) shared: usize,
    pub(crate) partners: usize,
    /// Whether the rules file names the partner.
    pub(crate) is_named: bool,
    pub(crate) most: MostValues,
}

impl Shares {
    /// How many partners there may be.
    pub(crate) const fn partners_max(self) -> usize {
        let partners = self.streams_max / 2 / GUARANTEED_STREAMS;
        if partners == 0 { 1 } else { partners }
    }

    /// How many partners there may be before only those are taken that the rules file names.
    pub(crate) const fn unnamed_partners_max(self) -> usize {
        self.partners_max() - self.partners_max() / PARTNERS_PER_NAMED
    }

    /// How many new partners are taken in an hour once half of them exist.
    pub(crate) fn new_partners_max(self) -> usize {
        (self.partners_max() / PARTNERS_PER_NEW).max(1)
    }

    /// How many streams are shared.
    pub(crate) const fn shared_max(self) -> usize {
        self.streams_max.saturating_sub(self.partners_max() * GUARANTEED_STREAMS)
    }

    /// How many streams a partner may have while so many are in use of the shared half.
    pub(crate) const fn partner_max(self, shared: usize) -> usize {
        GUARANTEED_STREAMS + self.shared_max().saturating_sub(shared) / FREE_PER_STREAM
    }

    /// How many streams may have the same name before others of it are only taken as guaranteed ones.
    pub(crate) const fn name_max(self) -> usize {
        self.streams_max / 4 * 3
    }

    /// Whether a new stream is taken. `new_partners` counts the partners that are new in this hour.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn check(
        self,
        demand: Demand<'_>,
        new_partners: &mut NewPartners,
        now: Instant,
    ) -> Result<(), StreamLimit> {
        if demand.of_partner == 0
            && let Err(limit) = self.check_partner(demand, new_partners, now)
        {
            new_partners.refused_at = Some(now);
            return Err(limit);
        }
        if demand.of_partner < GUARANTEED_STREAMS {
            return Ok(());
        }
        let Demand { of_partner: streams, of_name, most, .. } = demand;
        let limit = self.partner_max(demand.shared);
        if streams >= limit {
            let partner = demand.partner.to_owned();
            return Err(StreamLimit::Partner { partner, streams, limit, most });
        }
        let limit = self.name_max();
        if of_name >= limit {
            let name = demand.name.to_owned();
            return Err(StreamLimit::Name { name, streams: of_name, limit, most });
        }
        Ok(())
    }

    /// Whether a new partner is taken.
    fn check_partner(
        self,
        demand: Demand<'_>,
        new_partners: &mut NewPartners,
        now: Instant,
    ) -> Result<(), StreamLimit> {
        let Demand { partners, is_named, .. } = demand;
        let limit = if is_named { self.partners_max() } else { self.unnamed_partners_max() };
        if partners >= limit {
            return Err(StreamLimit::Partners { partners, limit });
        }
        let per_hour = self.new_partners_max();
        if !is_named && partners >= self.partners_max() / 2 && !new_partners.take(per_hour, now) {
            return Err(StreamLimit::NewPartners { partners, per_hour });
        }
        Ok(())
    }
}

/// Counts the new partners of an hour, and notes when one was not taken.
#[derive(Debug, Default)]
pub(crate) struct NewPartners {
    /// When one was not taken last.
    refused_at: Option<Instant>,
    /// When the hour began.
    since: Option<Instant>,
    count: usize,
}

impl NewPartners {
    /// Whether a new partner was not taken within the last hour.
    pub(super) fn are_refused(&self, now: Instant) -> bool {
        self.refused_at.is_some_and(|at| now.saturating_duration_since(at) < PERIOD)
    }

    /// Counts one more unless `limit` are counted in this hour. Returns whether it did.
    fn take(&mut self, limit: usize, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= PERIOD) {
            (self.since, self.count) = (Some(now), 0);
        }
        let is_free = self.count < limit;
        self.count += usize::from(is_free);
        is_free
    }
}

#[cfg(test)]
mod tests;
