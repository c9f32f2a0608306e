//! `GET /api/v1/rules`: the rules in force.

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_alerting::{Rule, alerts};

use super::shown;
use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::alerting::alert::{RuleBody, RulesBody};
use crate::wire::excerpt;

/// The parameter of calls about one rule.
pub(crate) const NAME: InPath =
    InPath { name: "name", example: "partner-5xx", about: "The rule's name." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/rules", list)
            .about("The rules in force", "")
            .answers_rows::<RulesBody>(),
        Call::get("/api/v1/rules/{name}", one)
            .about("One rule", "")
            .takes(&[&NAME])
            .answers::<RuleBody>(),
    ]
}

async fn list(State(app): State<App>, reply: Reply) -> Answer {
    let rules = tokio::task::block_in_place(|| {
        app.rules
            .get()
            .rules
            .iter()
            .map(|rule| with_open_alerts(&app, rule))
            .collect::<Result<_, _>>()
    })?;
    reply.rows_of(&["rules"]).send(&RulesBody { rules, rules_error: app.rules.error() })
}

async fn one(State(app): State<App>, Path(name): Path<String>) -> Result<Json<RuleBody>, ApiError> {
    let rules = app.rules.get();
    let rule = rules.rule(&name);
    let rule = rule.ok_or_else(|| ApiError::not_found(format!("rule {:?}", excerpt(&name))))?;
    Ok(Json(tokio::task::block_in_place(|| with_open_alerts(&app, rule))?))
}

fn with_open_alerts(app: &App, rule: &Rule) -> Result<RuleBody, ApiError> {
    let filter = shown(Some(true), Some(rule.name.clone()), Vec::new());
    let open = alerts::list(&app.store, &filter, usize::MAX)?;
    let left_out = app.groups_left_out.read().of(&rule.name);
    Ok(RuleBody::new(rule, open.len(), left_out))
}
