//! Reports over alerts, stored or replayed: how noisy they are, how good they are against labelled
//! incidents, and which thresholds normal hours cross.

mod crossed;
mod noise;
mod score;

pub use self::crossed::{CrossedThreshold, crossed_by_normal_hours};
pub use self::noise::{Noise, Tally, noise};
pub use self::score::{
    FalseNotification, FoundIncident, Incident, Score, Scored, ScoredAlert, ScoredNotification,
    score,
};
