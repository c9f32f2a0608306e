//! `GET /api/v1/partners`: all partners, one of them, and its health.

pub(crate) mod labels;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use plimsoll_alerting::{Alert, AlertFilter, PRODUCTION, RuleSet, SANDBOX, Severity, alerts};
use plimsoll_query::{OpenAlert, PartnerActivity, Selector, StreamAge, WINDOWS_MS, assess, health};
use plimsoll_storage::{Label, LabelMatchers, Matcher, StreamKind, TimestampMs};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::alerting::alerts::bodies;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::InPath;
use crate::http::params::labels::{LABELS, LabelValues};
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::excerpt;
use crate::wire::query::partner::{HealthBody, PartnerBody, PartnersBody, StreamHealthBody};
use crate::wire::time;

pub(crate) const PARTNER: InPath =
    InPath { name: "partner", example: "dhl", about: "The partner's name." };
/// The labels beside the partner, which is in the path.
pub(crate) const OTHER_LABELS: [LabelValues; 4] = [LABELS[1], LABELS[2], LABELS[3], LABELS[4]];

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/partners", list)
            .about("The partners, with their streams and newest event", "")
            .takes(&[&LABELS])
            .answers_rows::<PartnersBody>()
            .errors(&[ErrorCode::Busy]),
        Call::get("/api/v1/partners/{partner}", one)
            .about("One partner", "")
            .takes(&[&PARTNER, &OTHER_LABELS])
            .answers_rows::<PartnerBody>(),
        Call::get("/api/v1/partners/{partner}/health", one_health)
            .about(
                "The health of a partner",
                "Over several windows, in production unless the labels say otherwise, with a status and its reason.",
            )
            .takes(&[&PARTNER, &OTHER_LABELS])
            .answers_rows::<HealthBody>()
            .errors(&[ErrorCode::Busy]),
    ]
}

async fn list(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let labels = params.labels()?;
    params.end()?;
    app.ask(move |app, _| {
        let (rules, now) = (app.rules.get(), app.now());
        let partners = known(app, &rules, &labels).into_iter();
        let partners = partners.map(|one| body(&rules, one, now)).collect();
        reply.rows_of(&["partners"]).send(&PartnersBody { partners })
    })
    .await
}

/// The partners that ever pushed data, and those of the rules file, by name.
fn known(app: &App, rules: &RuleSet, labels: &LabelMatchers) -> Vec<PartnerActivity> {
    let mut found = plimsoll_query::partners(&app.store, labels);
    // A partner without data has no labels but its name.
    let is_plain = |(label, matcher): (Label, &Matcher)| {
        label == Label::Partner
            || label == Label::Environment && matches!(matcher, Matcher::NotIn(_))
    };
    let by_name = labels.iter().all(is_plain);
    let selector = Selector { kind: StreamKind::Activity, stream: None, labels: labels.clone() };
    let is_asked = |name: &str| by_name && selector.could_select("", Label::Partner, name);
    for registered in rules.partners.iter().filter(|one| is_asked(&one.name)) {
        let place = found.binary_search_by(|one| one.name.as_str().cmp(&registered.name));
        if let Err(place) = place {
            let name = registered.name.clone();
            found.insert(place, PartnerActivity { name, ..PartnerActivity::default() });
        }
    }
    found
}

fn body(rules: &RuleSet, partner: PartnerActivity, now: TimestampMs) -> PartnerBody {
    let registered = rules.partners.iter().find(|one| one.name == partner.name);
    PartnerBody::new(partner, registered, now)
}

async fn one(
    State(app): State<App>,
    Path(partner): Path<String>,
    mut params: Params,
    reply: Reply,
) -> Answer {
    params.reject(&LABELS[0], "is part of the path")?;
    let mut labels = params.labels()?;
    params.end()?;
    labels.push(Label::Partner, Matcher::In(one_value(&partner)));
    let rules = app.rules.get();
    let found = known(&app, &rules, &labels).into_iter().next();
    let found = found.ok_or_else(|| unknown(&partner))?;
    reply.send(&body(&rules, found, app.now()))
}

/// The health of a partner, in production unless the labels say otherwise.
async fn one_health(
    State(app): State<App>,
    Path(partner): Path<String>,
    mut params: Params,
    reply: Reply,
) -> Answer {
    params.reject(&LABELS[0], "is part of the path")?;
    let mut labels = params.labels_in_production()?;
    params.end()?;
    labels.push(Label::Partner, Matcher::In(one_value(&partner)));
    app.ask(move |app, _| {
        let health = health_of(app, partner, labels)?;
        reply.damaged(health.damaged.len()).rows_of(&["streams"]).send(&health)
    })
    .await
}

/// The health of a partner by the streams that labels select.
pub(crate) fn health_of(
    app: &App,
    partner: String,
    labels: LabelMatchers,
) -> Result<HealthBody, ApiError> {
    let now = app.now();
    let rules = app.rules.get();
    let known = rules.partners.iter().find(|known| known.name == partner);
    let expects = known.map_or(&[][..], |known| &known.expects);
    let ages = expected_ages(app, &partner, &labels);
    let streams = health(&app.store, &labels, expects, &ages, now)?;
    if streams.is_empty() && known.is_none() {
        return Err(unknown(&partner));
    }
    let damaged = damaged(app, &labels, now);
    let alerts = open_alerts(app, &partner, labels)?;
    let open = |alert: &Alert| OpenAlert {
        critical: alert.severity == Severity::Critical,
        symptom: alert.symptom.clone(),
    };
    let (status, reason) = assess(&streams, &alerts.iter().map(open).collect::<Vec<_>>(), now);
    Ok(HealthBody {
        partner,
        at: time::format(now),
        status: status.as_str(),
        reason,
        streams: streams.into_iter().map(|one| StreamHealthBody::new(one, now)).collect(),
        alerts: bodies(&app.store, alerts)?,
        damaged,
    })
}

/// What rules say of the silence of the streams of a partner. They watch partners as a whole, in production.
fn expected_ages(app: &App, partner: &str, labels: &LabelMatchers) -> BTreeMap<String, StreamAge> {
    let is_whole =
        labels.iter().all(|(label, _)| label == Label::Partner || label == Label::Environment);
    let in_production = labels.only(Label::Environment) == Some(PRODUCTION);
    if !is_whole || !in_production {
        return BTreeMap::new();
    }
    let ages = app.progress.expected_ages();
    let own = ages.iter().filter(|((of, _), _)| of == partner);
    own.map(|((_, stream), age)| (stream.clone(), *age)).collect()
}

/// The damaged places of some streams in the windows that health is measured in.
fn damaged(app: &App, labels: &LabelMatchers, now: TimestampMs) -> Vec<String> {
    if !app.store.has_damage() {
        return Vec::new();
    }
    let width = app.store.slot_width();
    let longest_ms = WINDOWS_MS.into_iter().max().unwrap_or(0);
    let slots = width.slot_of(now.plus_ms(-longest_ms))..width.slot_of(now).plus(1);
    app.store.damaged(&app.store.select(StreamKind::Activity, None, labels), &slots)
}

/// The open alerts of a partner, without those about labels that are not asked for.
fn open_alerts(app: &App, partner: &str, labels: LabelMatchers) -> Result<Vec<Alert>, ApiError> {
    let of_partner = vec![(Label::Partner, partner.to_owned())];
    let filter = AlertFilter { open: Some(true), labels: of_partner, ..AlertFilter::default() };
    let mut open = alerts::list(&app.store, &filter, usize::MAX)?;
    let in_sandbox = labels.only(Label::Environment) == Some(SANDBOX);
    let selector = Selector { kind: StreamKind::Activity, stream: None, labels };
    let rules = app.rules.get();
    open.retain(|alert| {
        let rule = rules.rule(&alert.rule);
        let known = rule.map_or_else(|| alert.labels.clone(), |it| it.known_labels(&alert.labels));
        // Alerts of the sandbox have its label, whatever the rule groups by.
        (alert.labels.is_sandbox() || !in_sandbox)
            && known.iter().all(|(label, value)| selector.could_select("", label, value))
    });
    Ok(open)
}

pub(crate) fn one_value(value: &str) -> BTreeSet<String> {
    BTreeSet::from([value.to_owned()])
}

fn unknown(partner: &str) -> ApiError {
    ApiError::not_found(format!("partner {:?}", excerpt(partner)))
}
