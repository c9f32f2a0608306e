//! What the server can do, as `GET /api/v1/health` answers it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::health::{Ability, Health};

/// What the server can do now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HealthBody {
    status: Status,
    abilities: Vec<AbilityBody>,
}

/// `ok` without problems, `warning` while everything works, `failing` otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warning,
    Failing,
}

/// One thing that the server is there for.
#[derive(Debug, Serialize, JsonSchema)]
struct AbilityBody {
    /// `accept` pushes, `evaluate` rules, `deliver` notifications or `answer` queries.
    ability: &'static str,
    status: Status,
    /// What is wrong and what helps, failures first.
    reasons: Vec<String>,
}

impl HealthBody {
    pub(crate) fn new(health: &Health) -> Self {
        let status = |works: bool, has_reasons: bool| match (works, has_reasons) {
            (false, _) => Status::Failing,
            (true, true) => Status::Warning,
            (true, false) => Status::Ok,
        };
        let abilities = Ability::ALL.map(|ability| {
            let reasons: Vec<_> = health.reasons(ability).map(str::to_owned).collect();
            let status = status(health.has(ability), !reasons.is_empty());
            AbilityBody { ability: ability.as_str(), status, reasons }
        });
        let status = status(health.is_ready(), !health.problems.is_empty());
        Self { status, abilities: abilities.into() }
    }
}
