//! What a drop rule compares arrivals with.

use crate::engine::calendar::{DayKind, LocalQuarter, PartnerDays};
use crate::engine::evidence::{ComparedUnit, Comparison, Evidence, EvidenceTest, Unmet};
use crate::engine::sensor::context::SensorContext;
use crate::engine::sensor::reading::Reading;
use crate::engine::sensor::volume::arrivals::Volume;
use crate::rule::{Rule, ScanSettings, Severity, Signal};

/// A drop rule, its group, and the minute that is evaluated.
pub(in crate::engine) struct Expectation<'a> {
    pub(super) rule: &'a Rule,
    pub(super) scan: &'a ScanSettings,
    /// On a holiday, arrivals below this part of the expected ones are a drop.
    pub(super) on_holiday: f64,
    pub(super) days: &'a PartnerDays,
    /// The newest complete minute.
    pub(super) minute: i64,
    /// Minutes up to this one do not count, because an alert resolved in it.
    pub(super) resolved_minute: i64,
    /// Whether heartbeats are sent: then a minute without any report is not known.
    pub(super) has_heartbeats: bool,
}

impl<'a> Expectation<'a> {
    /// The expectation of a rule; `None` when it is not about drops.
    pub(in crate::engine) fn of(context: &SensorContext<'a>) -> Option<Self> {
        let Signal::Drop { on_holiday, .. } = context.rule.signal else { return None };
        Some(Self {
            rule: context.rule,
            scan: context.rule.scan.as_ref()?,
            on_holiday,
            days: context.days,
            minute: context.end.last_minute(),
            resolved_minute: context.resolved_minute,
            has_heartbeats: context.has_heartbeats,
        })
    }

    /// The severity whose part of the expected count is not reached.
    pub(super) fn below(&self, volume: &Volume, scale: f64) -> Option<Severity> {
        let part = volume.count / (volume.expected * scale).max(1e-9);
        self.rule
            .thresholds()
            .find(|(_, threshold)| part < *threshold)
            .map(|(severity, _)| severity)
    }

    /// The part of the rate of a quarter that is expected. On a holiday, or near one, it is so small that
    /// the threshold on it is `on_holiday`.
    pub(super) fn part_of(&self, at: LocalQuarter) -> f64 {
        let is_holiday = at.kind == DayKind::Holiday || at.near == Some(DayKind::Holiday);
        let highest = self.rule.thresholds().next().filter(|_| is_holiday);
        highest.map_or(1.0, |(_, threshold)| self.on_holiday / threshold).min(1.0)
    }

    /// The comparison of a scanned window: its weight of evidence, with the weight that is required.
    pub(super) const fn scanned(&self, proof: &Proof) -> Comparison {
        Comparison {
            test: EvidenceTest::Scan,
            window_min: proof.window_min,
            compared: proof.weight,
            limit: self.scan.evidence,
            unit: ComparedUnit::Nats,
            is_below: false,
            unmet: proof.unmet,
        }
    }

    /// The comparison that keeps a drop open: the part that arrives, with the threshold.
    pub(super) fn followed(&self, volume: &Volume, scale: f64, severity: Severity) -> Comparison {
        Comparison {
            test: EvidenceTest::OpenAlert,
            window_min: 0,
            compared: volume.count / (volume.expected * scale).max(1e-9),
            limit: self.rule.threshold(severity).unwrap_or(0.0),
            unit: ComparedUnit::Signal,
            is_below: true,
            unmet: None,
        }
    }

    /// The reading of arrivals, compared with the threshold of a severity.
    pub(super) fn reading(
        &self,
        volume: &Volume,
        scale: f64,
        severity: Severity,
        comparison: Comparison,
    ) -> Reading {
        let value = volume.count / (volume.expected * scale).max(1e-9);
        let threshold = self.rule.threshold(severity).unwrap_or(0.0);
        let reached = comparison.holds().then_some(severity);
        let evidence = Evidence {
            value,
            count: volume.count as u64,
            lower: 0.0,
            upper: if reached.is_some() { threshold } else { f64::INFINITY },
            threshold,
            reached,
            gate: comparison.gate(value < threshold),
        };
        Reading::Measured(evidence, comparison)
    }
}

/// How far a window proves a drop.
pub(super) struct Proof {
    pub(super) window_min: u32,
    /// The weight of its evidence, in nats.
    pub(super) weight: f64,
    /// Which other condition is not met.
    pub(super) unmet: Option<Unmet>,
}
